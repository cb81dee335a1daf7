"""A worker runs this project's tasks, whatever else is written into its queue and schedules."""

import os
import pickle
import subprocess
from pathlib import Path

import pytest
import redis
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import Failure, OrmQ, Schedule, Task
from django_q.signing import PickleSerializer, SignedPackage
from django_q.tasks import async_task
from picklefield.fields import dbsafe_encode

from audit.models import AuditLog
from automation import tasks
from automation.models import Run
from automation.queue import plain_pickles, schedules
from automation.queue.database import DatabaseBroker
from automation.queue.packages import Foreign, read_package, task_functions
from automation.receivers import SCHEDULED, set_up_queue
from console.collected import QueueTask
from console.parts import parts_of
from tests import make
from tests.private_servers import wait_until
from tests.recording import recorded

pytestmark = pytest.mark.django_db

RUN_NEXT = "automation.tasks.run_next"


class Code:
    """Pickled, it is a call of os.system."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.marker}",)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "it_ran"


def package(func: object = RUN_NEXT, **more: object) -> str:
    """A signed package, as only someone with SECRET_KEY can make it."""
    task = {"id": "i", "name": "n", "func": func, "args": (), "kwargs": {}}
    return SignedPackage.dumps(task | {"started": timezone.now()} | more)


def foreign_packages(marker: Path) -> dict[str, str]:
    touch = f"touch {marker}"
    stranger = {"key": "another key", "salt": Conf.PREFIX, "serializer": PickleSerializer}
    return {
        "another function": package("os.system", args=(touch,)),
        "a function of ours that is no task": package("inventory.ansible.processes.kill_marked"),
        "a function by reference": package(subprocess.check_call, args=(["touch", str(marker)],)),
        "a hook": package(hook="os.system"),
        "a chain": package(chain=[("os.system", (touch,))]),
        "the cache": package(cached=True, group="g", iter_count=1),
        "an object": package(args=(Code(marker),)),
        "an object that is the task": SignedPackage.dumps(Code(marker)),
        "another key": signing.dumps({"func": RUN_NEXT, "args": Code(marker)}, **stranger),
        "no signature": pickle.dumps(Code(marker)).hex(),
        "nothing": "",
        "colons": "::::",
    }


KINDS = sorted(foreign_packages(Path("/nowhere")))


# --- What arrives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_package_is_refused_once_and_gone(kind: str, marker: Path) -> None:
    OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload=foreign_packages(marker)[kind], lock=PAST)
    broker = DatabaseBroker()
    with recorded() as lines:
        assert broker.dequeue() == []
        assert not broker.dequeue()
    assert lines == ["queue.refused by system"]
    assert not OrmQ.objects.exists() and not marker.exists()


PAST = timezone.now() - timezone.timedelta(minutes=1)


def test_what_was_refused_is_told(marker: Path) -> None:
    with pytest.raises(Foreign, match="not a task of this project") as refused:
        read_package(foreign_packages(marker)["another function"])
    assert refused.value.details == {"func": "os.system"}
    with pytest.raises(Foreign, match="It sets hook") as refused:
        read_package(foreign_packages(marker)["a hook"])
    assert refused.value.details == {"func": RUN_NEXT, "hook": "os.system"}
    with pytest.raises(Foreign, match="SECRET_KEY"):
        read_package(foreign_packages(marker)["another key"])
    with pytest.raises(Foreign, match="too large"):
        read_package("x" * 200_000)
    with pytest.raises(Foreign) as refused:
        read_package(package("\ud800" + "é" * 500))
    assert len(refused.value.details["func"]) <= 201 and refused.value.details["func"].isascii


def test_our_own_tasks_arrive() -> None:
    async_task(RUN_NEXT)
    async_task(RUN_NEXT, 1, "text", [{"when": timezone.now()}], named=None, group="g")
    broker = DatabaseBroker()
    taken = [*broker.dequeue(), *broker.dequeue()]
    assert [read_package(payload)["func"] for _key, payload in taken] == [RUN_NEXT, RUN_NEXT]
    assert SignedPackage.loads(taken[1][1])["args"][1] == "text"


def test_every_function_in_a_tasks_module_is_declared_or_private() -> None:
    own = {
        f"{each.__module__}.{name}"
        for name, each in vars(tasks).items()
        if callable(each) and getattr(each, "__module__", "") == tasks.__name__
    }
    assert own == {name for name in task_functions() if name.startswith("automation.")}
    assert len(parts_of(QueueTask)) == len(task_functions())


# --- Schedules ------------------------------------------------------------------------------------


@pytest.fixture
def due(monkeypatch):
    """The scheduler closes connections, which a test's transaction would not survive."""
    monkeypatch.setattr("django_q.scheduler.close_old_django_connections", lambda: None)
    Schedule.objects.update(next_run=PAST)


def scheduled(**fields: object) -> Schedule:
    """One of our schedules, due, with these columns changed in the database."""
    ours = {"func": RUN_NEXT, "schedule_type": Schedule.MINUTES, "minutes": 1, "next_run": PAST}
    row = Schedule.objects.create(**ours)
    Schedule.objects.filter(pk=row.pk).update(**fields)
    return row


@pytest.mark.parametrize(
    "fields",
    [
        {"func": "os.system", "args": "'touch it'"},
        {"hook": "os.system"},
        {"args": "1"},
        {"kwargs": "{'q_options': {'hook': 'os.system'}}"},
        {"cluster": "elsewhere"},
        {"intended_date_kwarg": "when"},
        {"minutes": 0},  # django-q2 would look for its next time for ever
        {"minutes": None},
        {"schedule_type": Schedule.ONCE},
        {"schedule_type": Schedule.CRON, "cron": "* * * * *"},
        {"schedule_type": "??"},
        {"args": "(" * 5000},
    ],
)
def test_a_foreign_schedule_is_switched_off_once_and_keeps_none_of_ours_waiting(
    due, fields
) -> None:
    row = scheduled(**fields)
    with recorded() as lines:
        for _ in range(3):
            schedules.queue_due()
    assert lines == ["queue.refused by system"]
    row.refresh_from_db()
    assert row.repeats == schedules.NEVER and row.task is None
    queued = [read_package(each.payload)["func"] for each in OrmQ.objects.order_by("id")]
    assert sorted(queued) == sorted(f"automation.tasks.{task}" for task, _ in SCHEDULED.values())
    line = AuditLog.objects.filter(action="queue.refused").get()
    assert line.details["kind"] == "schedule" and line.details["schedule"] == str(row.pk)


def test_while_the_database_is_away_a_cluster_goes_on(monkeypatch, caplog) -> None:
    monkeypatch.setattr(schedules, "reconnect", lambda: None)
    monkeypatch.setattr(Schedule.objects, "exclude", lambda **_: 1 / 0)
    schedules.queue_due()
    assert "No scheduled task is queued: division by zero" in caplog.text


def test_what_is_not_due_is_not_queued(due) -> None:
    Schedule.objects.update(next_run=timezone.now() + timezone.timedelta(seconds=30))
    schedules.queue_due()
    assert not OrmQ.objects.exists()


def test_ours_is_ours_again_after_a_migration() -> None:
    Schedule.objects.update(func="os.system", hook="os.system", repeats=0)
    set_up_queue("default")
    row = Schedule.objects.get(name="Every minute")
    assert (row.func, row.hook, row.repeats) == ("automation.tasks.every_minute", None, -1)


def test_nobody_edits_schedules_in_the_console(client_of, boss) -> None:
    client = client_of(boss)
    row = Schedule.objects.get(name="Every minute")
    for path in (
        reverse("admin:django_q_schedule_add"),
        reverse("admin:django_q_schedule_change", args=[row.pk]),
    ):
        assert client.post(path, {"func": "os.system", "schedule_type": "O"}).status_code == 403
    row.refresh_from_db()
    assert row.func == "automation.tasks.every_minute"


# --- Results --------------------------------------------------------------------------------------


def stored_result(marker: Path, **fields: object) -> Task:
    """A failed task in the database, with a pickle that is code for its result."""
    code = dbsafe_encode(Code(marker), copy=False)  # a copy would be a call
    now = timezone.now()
    given = {"name": "n", "func": "f", "started": now, "stopped": now, "success": False, **fields}
    return Task.objects.create(id="1", **{"result": code, "args": code, **given})


def test_a_stored_pickle_is_not_run_by_whoever_reads_it(client_of, boss, marker: Path) -> None:
    row = stored_result(marker)
    client = client_of(boss)
    client.get(reverse("admin:django_q_failure_changelist"))
    page = client.get(reverse("admin:django_q_failure_change", args=[row.pk]))
    assert page.status_code == 200
    Failure.objects.get()
    assert not marker.exists()


def test_plain_results_are_read() -> None:
    now = timezone.now()
    value = {"a": [1, 2.5, "x", None, True], "b": (now,)}
    row = Task.objects.create(id="1", name="n", started=now, stopped=now, result=value)
    assert Task.objects.get(pk=row.pk).result == value
    with pytest.raises(pickle.UnpicklingError, match=r"os\.system|posix\.system"):
        plain_pickles.loads(pickle.dumps(os.system))


def test_a_stored_hook_is_not_called(marker: Path) -> None:
    called = []
    make.hook = called.append  # type: ignore[attr-defined]
    try:
        stored_result(marker, hook="tests.make.hook", result="r", args=())
    finally:
        del make.hook  # type: ignore[attr-defined]
    assert called == []


# --- With real workers ----------------------------------------------------------------------------


def ran_after(payloads: list[str], put, actor) -> None:
    """Put the packages before a wake-up, and wait until that has run a playbook."""
    for payload in payloads:
        put(payload)
    run = make.launch(make.playbook(make.HELLO), actor, [make.localhost()])
    wait_until(lambda: Run.objects.get(pk=run.pk).state == "finished", seconds=90, what="the run")


def refusals() -> int:
    return AuditLog.objects.filter(action="queue.refused").count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_goes_on_without_running_any(qcluster, alice, marker: Path) -> None:
    foreign = list(foreign_packages(marker).values())
    scheduled(func="os.system", args=f"'touch {marker}'")
    key = Conf.CLUSTER_NAME
    ran_after(
        foreign,
        lambda payload: OrmQ.objects.create(key=key, payload=payload, lock=PAST),
        alice,
    )
    wait_until(lambda: refusals() == len(foreign) + 1, seconds=60, what="the refusals")
    schedule = Schedule.objects.filter(func="os.system", repeats=schedules.NEVER)
    wait_until(schedule.exists, seconds=30, what="the schedule's end")
    assert not marker.exists() and not Task.objects.filter(func="os.system").exists()


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.django_db(transaction=True)
def test_a_worker_on_redis_goes_on_without_running_any(
    redis_qcluster, redis_server, alice, marker: Path
) -> None:
    with redis.from_url(redis_server.url) as connection:
        queue = f"django_q:{Conf.CLUSTER_NAME}:q"
        for payload in [*foreign_packages(marker).values(), package()]:
            connection.rpush(queue, payload)
        connection.rpush(queue, b"\xff\xfe not UTF-8")
        run = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
        connection.rpush(queue, package())
        wait_until(lambda: Run.objects.get(pk=run.pk).state == "finished", seconds=90, what="it")
    wait_until(lambda: refusals() == len(KINDS) + 1, seconds=60, what="the refusals")
    assert not marker.exists()
