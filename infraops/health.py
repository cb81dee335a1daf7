"""What /api/health looks at: the database, the queue, a living worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.models import Max, Min
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from automation.models import Run, Worker
from automation.models.workers import ALIVE_FOR
from schema.retrying import reconnect


@dataclass(frozen=True)
class Part:
    """One thing that has to work; `reason` says why it does not, `facts` are for people."""

    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        return not self.reason

    def described(self) -> dict[str, Any]:
        return {"status": "ok" if self.is_ok else "unhealthy", "reason": self.reason, **self.facts}


def examine() -> dict[str, Part]:
    """Each part by its name; without a database nothing else can be known."""
    parts = {"database": _without_raising(_database)}
    if parts["database"].is_ok:
        parts["queue"] = _without_raising(_queue)
        parts["worker"] = _without_raising(_worker)
    return parts


def _without_raising(look: Callable[[], Part]) -> Part:
    try:
        return look()
    except Error as error:
        reconnect()
        return Part(f"The database does not answer: {error}")
    except Exception as error:  # A broker's client raises what it likes.
        return Part(f"{type(error).__name__}: {error}")


def _database() -> Part:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    took = round((time.perf_counter() - started) * 1000, 1)
    return Part(facts={"vendor": connection.vendor, "milliseconds": took})


def _queue() -> Part:
    """Stuck: a wake-up waits longer than any live worker would leave it, and not because all of
    them are busy."""
    waiting = _age(_oldest_wakeup())
    pending = Run.objects.waiting().aggregate(oldest=Min("created_at"))["oldest"]
    facts = {"oldest_wakeup_seconds": waiting, "oldest_pending_run_seconds": _age(pending)}
    has_free_worker = Run.objects.beating().count() < settings.Q_CLUSTER["workers"]
    if waiting is not None and waiting > ALIVE_FOR.total_seconds() and has_free_worker:
        return Part(
            f"A wake-up has waited for {waiting:.0f} s although a worker is free: "
            "restart the workers.",
            facts,
        )
    return Part(facts=facts)


def _worker() -> Part:
    """A run's heartbeat is its worker's: a long run leaves no time for anything else."""
    newest = max(
        filter(
            None,
            (
                Worker.objects.aggregate(seen=Max("seen_at"))["seen"],
                Run.objects.running().aggregate(seen=Max("heartbeat_at"))["seen"],
            ),
        ),
        default=None,
    )
    alive: set[Any] = set(Worker.objects.alive().values_list("host", "pid"))
    alive |= set(Run.objects.beating().values_list("worker_host", "worker_pid"))
    facts = {"newest_seen_seconds": _age(newest), "alive": len(alive)}
    if alive:
        return Part(facts=facts)
    since = f"for {facts['newest_seen_seconds']:.0f} s" if newest else "ever"
    # A stuck cluster's workers take no task, and so are not seen either.
    or_restart = ", or restart it if it runs, for then it is stuck" if newest else ""
    advice = f"start one with `manage.py run_worker`{or_restart}"
    return Part(f"No worker has been seen {since}: {advice}.", facts)


def _oldest_wakeup() -> datetime | None:
    """When the oldest task that no worker has taken was put on the queue; also proves that the
    broker answers."""
    if Conf.ORM:
        # `lock` is when a task may be taken: at once, when it is new.
        waiting = OrmQ.objects.using(Conf.ORM).filter(lock__lte=timezone.now())
        return waiting.aggregate(oldest=Min("lock"))["oldest"]
    broker = get_broker()
    payload = broker.connection.lindex(broker.list_key, 0)
    return SignedPackage.loads(payload)["started"] if payload else None


def _age(moment: datetime | None) -> float | None:
    """Seconds since then; clocks of several machines differ a little, so never less than 0."""
    if moment is None:
        return None
    return round(max(timezone.now() - moment, timedelta()).total_seconds(), 1)
