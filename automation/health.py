"""Health checks of automation: does the queue move, and is a worker alive?"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ

from audit.models import AuditLog
from console.collected import Condition

from .models import Run, RunArtifact, Worker
from .models.workers import ALIVE_FOR
from .queue.packages import Foreign, read_package


def examine_queue() -> Condition:
    """Unhealthy if a wake-up has waited too long although a worker is free."""
    waiting = _age(_oldest_wakeup())
    pending = Run.objects.waiting().aggregate(oldest=Min("created_at"))["oldest"]
    facts = {"oldest_wakeup_seconds": waiting, "oldest_pending_run_seconds": _age(pending)}
    has_free_worker = Run.objects.beating().count() < settings.Q_CLUSTER["workers"]
    if waiting is not None and waiting > ALIVE_FOR.total_seconds() and has_free_worker:
        return Condition(
            f"A wake-up has waited for {waiting:.0f} s although a worker is free: no run_worker "
            "reads the queue. Their logs say why.",
            facts,
        )
    return Condition(facts=facts)


def examine_worker() -> Condition:
    """Unhealthy if no worker is alive. A long run's heartbeat counts as its worker's."""
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
    facts = {
        "newest_seen_seconds": _age(newest),
        "alive": len(alive),
        "replaced_last_hour": _replaced_last_hour(),
    }
    if alive:
        return Condition(facts=facts)
    since = f"for {facts['newest_seen_seconds']:.0f} s" if newest else "ever"
    return Condition(
        f"No worker has been seen {since}: start one with `manage.py run_worker`.", facts
    )


def examine_state_root() -> Condition:
    """Unhealthy if STATE_ROOT cannot be used here: runs fail, or artifacts cannot be downloaded."""
    root = Path(settings.STATE_ROOT)
    if not root.exists():
        if not RunArtifact.objects.exists():
            return Condition()  # the first run creates it
        return Condition(f"STATE_ROOT ({root}) is missing here, so artifacts cannot be downloaded.")
    if not (root.is_dir() and os.access(root, os.R_OK | os.W_OK | os.X_OK)):
        return Condition(f"STATE_ROOT ({root}) is not a folder that InfraOps can write to.")
    return Condition()


def _replaced_last_hour() -> int:
    """How many processes of `run_worker` were killed or stuck, and were replaced by it."""
    since = timezone.now() - timedelta(hours=1)
    return AuditLog.objects.filter(action="worker.restarted", timestamp__gt=since).count()


def _oldest_wakeup() -> datetime | None:
    """When the oldest waiting task was queued, or None. Raises if the broker does not answer."""
    if Conf.ORM:
        # `lock` is the time from which a task may be taken; for a new one, when it was queued.
        waiting = OrmQ.objects.using(Conf.ORM).filter(lock__lte=timezone.now())
        return waiting.aggregate(oldest=Min("lock"))["oldest"]
    broker = get_broker()
    payload = broker.connection.lindex(broker.list_key, 0)
    try:
        return read_package(payload)["started"] if payload else None
    except Foreign:
        return None  # the next worker drops it


def _age(moment: datetime | None) -> float | None:
    """Seconds since then, at least 0: the clocks of several machines differ a little."""
    if moment is None:
        return None
    return round(max(timezone.now() - moment, timedelta()).total_seconds(), 1)
