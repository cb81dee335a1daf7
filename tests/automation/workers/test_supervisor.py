"""Whatever is killed of a `run_worker`, the rest goes on, and what is missing is replaced."""

import os
import random
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.models import Failure, OrmQ
from django_q.tasks import async_task

from audit.models import AuditLog
from automation.models import Job, Run, Worker
from automation.queue.database import DatabaseBroker
from automation.queue.packages import read_package
from automation.workers.worker import perform
from tests import make
from tests.fixtures.workers import Command
from tests.private_servers import free_port, wait_until

from .test_queue import finished
from .test_worker_ends import sleeping, started, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HELPERS = ("queue reader", "reaper")


def children_of(pid: int) -> dict[int, str]:
    """{pid: name} of the processes that it has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): name_of(int(child)) for child in found}


def name_of(pid: int) -> str:
    """ "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def the(name: str, of: Command) -> int:
    return next(pid for pid, own in children_of(of.process.pid).items() if own == name)


def idle_worker(of: Command) -> int:
    """The pid of one that has no run."""
    busy = set(Run.objects.running().values_list("worker_pid", flat=True))
    names = children_of(of.process.pid).items()
    return next(pid for pid, name in names if name.startswith("worker") and pid not in busy)


def runs_one(alice) -> None:
    run = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
    assert finished(run).status == Job.Status.SUCCESS


def replaced(pid: int, of: Command) -> None:
    """Return once another process is in its place, and the audit trail says so."""
    lines = AuditLog.objects.filter(action="worker.restarted")
    wait_until(
        lambda: any(f"process {pid})" in line.details["reason"] for line in lines.all()),
        seconds=40,
        what=f"the line about {pid}",
    )
    assert pid not in children_of(of.process.pid)
    assert len(children_of(of.process.pid)) == 4


@pytest.mark.parametrize("name", ["worker 1", *HELPERS])
def test_a_process_that_is_killed_is_replaced_and_that_is_recorded(command, alice, name) -> None:
    cluster = worker(command)
    pid = the(name, cluster)

    os.kill(pid, signal.SIGKILL)

    replaced(pid, cluster)
    line = AuditLog.objects.get(action="worker.restarted")
    assert line.details["reason"] == f"The {name} (process {pid}) was killed by SIGKILL."
    assert (line.user.username, line.details["via"]) == ("system", "command run_worker")
    assert not Worker.objects.filter(pid=pid).exists()
    assert f"{line.details['reason']} Another one is started in its place." in cluster.printed
    runs_one(alice)
    assert cluster.stop() == 0


def test_all_idle_workers_and_helpers_killed_at_once(command, alice) -> None:
    cluster = worker(command)
    for pid in children_of(cluster.process.pid):
        os.kill(pid, signal.SIGKILL)

    runs_one(alice)


def test_a_running_playbook_does_not_notice(command, alice) -> None:
    cluster = worker(command)
    run = make.launch(make.playbook(sleeping(4)), alice, [make.localhost()])
    started(run)

    for pid in (*(the(name, cluster) for name in HELPERS), idle_worker(cluster)):
        os.kill(pid, signal.SIGKILL)

    assert finished(run).status == Job.Status.SUCCESS


def test_twenty_kills_at_random(command, alice) -> None:
    """After each, the next run is taken and finishes."""
    chance = random.Random(12)
    cluster = worker(command)
    playbook, server = make.playbook(make.HELLO), make.localhost()
    for _ in range(20):
        if chance.random() < 0.5:
            wait_until(
                lambda: len(children_of(cluster.process.pid)) == 4, seconds=60, what="all four"
            )
        pid = chance.choice(list(children_of(cluster.process.pid)))
        os.kill(pid, signal.SIGKILL)
        run = make.launch(playbook, alice, [server])
        assert finished(run).status == Job.Status.SUCCESS
    assert cluster.stop() == 0


# --- Orphans --------------------------------------------------------------------------------------


def test_without_the_main_process_nothing_more_is_taken(command, alice) -> None:
    cluster = worker(command, WORKERS="2")
    going = make.launch(make.playbook(sleeping(5)), alice, [make.localhost()])
    started(going)
    children = children_of(cluster.process.pid)

    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    idle = set(children) - {going.worker_pid}
    wait_until(lambda: not any(map(is_alive, idle)), seconds=20, what="the end of the idle ones")
    waiting = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])

    assert finished(going).status == Job.Status.SUCCESS  # its worker writes it to its end
    wait_until(lambda: not is_alive(going.worker_pid), seconds=20, what="the end of the last")
    waiting.refresh_from_db()
    assert waiting.state == Run.State.PENDING
    assert not Worker.objects.exists()


def test_a_worker_ends_with_the_run_console_that_started_it(command, alice, free_bind) -> None:
    console = command("run_console", f"--bind={free_bind}")
    console.wait_for(" is running.", seconds=60)
    family = children_of(console.process.pid)
    grandchildren = [pid for child in family for pid in children_of(child)]

    os.kill(console.process.pid, signal.SIGKILL)

    left = [*family, *grandchildren]
    wait_until(lambda: not any(map(is_alive, left)), seconds=60, what="the end of all of them")


def test_run_console_leaves_nobody_when_its_worker_is_killed(command, alice, free_bind) -> None:
    console = command("run_console", f"--bind={free_bind}")
    console.wait_for(" is running.", seconds=60)
    family = children_of(console.process.pid)
    members = {pid: children_of(pid) for pid in family}
    main = next(pid for pid, own in members.items() if "reaper" in own.values())

    os.kill(main, signal.SIGKILL)

    assert console.process.wait(60) == 1
    left = [*family, *(pid for own in members.values() for pid in own)]
    wait_until(lambda: not any(map(is_alive, left)), seconds=60, what="the end of all of them")


@pytest.fixture
def free_bind() -> str:
    return f"127.0.0.1:{free_port()}"


# --- Stopping -------------------------------------------------------------------------------------


def test_a_signal_to_every_process_is_as_good_as_one_to_the_first(command, alice) -> None:
    cluster = worker(command, WORKER_GRACE_SECONDS="60")
    run = make.launch(make.playbook(sleeping(4)), alice, [make.localhost()])
    started(run)

    os.killpg(cluster.process.pid, signal.SIGTERM)

    assert cluster.process.wait(60) == 0
    assert finished(run).status == Job.Status.SUCCESS


def test_two_signals_to_every_process_cancel_at_once(command, alice) -> None:
    cluster = worker(command, WORKER_GRACE_SECONDS="600")
    run = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(run)

    os.killpg(cluster.process.pid, signal.SIGTERM)
    cluster.wait_for(" stopping.")
    os.killpg(cluster.process.pid, signal.SIGTERM)

    assert cluster.process.wait(60) == 0
    assert finished(run).status == Job.Status.CANCELLED


@pytest.mark.parametrize("whole_group", [False, True])
def test_it_can_be_stopped_while_it_starts(command, whole_group) -> None:
    chance = random.Random(whole_group)
    for _ in range(5):
        cluster = command("run_worker")
        if chance.random() < 0.8:
            wait_until(lambda at=cluster.process.pid: children_of(at), seconds=30, what="a child")
        if whole_group:
            os.killpg(cluster.process.pid, signal.SIGTERM)
        else:
            cluster.process.send_signal(signal.SIGTERM)
        # By the signal itself as long as there is nothing to stop.
        assert cluster.process.wait(60) in (0, -signal.SIGTERM)


def test_a_suspended_worker_does_not_keep_it_from_stopping(command, alice) -> None:
    cluster = worker(command, WORKER_GRACE_SECONDS="1")
    run = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(run)
    os.kill(run.worker_pid, signal.SIGSTOP)
    os.kill(idle_worker(cluster), signal.SIGSTOP)

    assert cluster.stop(seconds=60) == 0
    assert "does not end: killed." in cluster.printed


# --- The queue ------------------------------------------------------------------------------------


def test_a_task_is_taken_once_and_leaves_nothing_behind() -> None:
    async_task("automation.tasks.run_next")
    broker = DatabaseBroker()

    assert len(broker.dequeue()) == 1
    assert broker.dequeue() == []
    assert not OrmQ.objects.exists()


def test_what_earlier_releases_had_locked_is_removed() -> None:
    for lock in (timezone.now(), timezone.now() + timedelta(hours=12)):
        OrmQ.objects.create(key="infraops", payload="x", lock=lock)

    assert DatabaseBroker().forget_locked() == 1
    assert OrmQ.objects.count() == 1


def test_a_task_that_fails_is_kept_as_a_failure() -> None:
    async_task("automation.tasks.run_next", "an argument that it does not take")
    [(_key, payload)] = DatabaseBroker().dequeue()

    perform(read_package(payload))

    assert Failure.objects.get().func == "automation.tasks.run_next"


def test_a_task_that_an_outage_ends_has_no_traceback(monkeypatch, caplog) -> None:
    def unreachable() -> None:
        raise OperationalError(2013, "Lost connection to server during query")

    monkeypatch.setattr("automation.tasks.run_next", unreachable)
    async_task("automation.tasks.run_next")
    [(_key, payload)] = DatabaseBroker().dequeue()

    perform(read_package(payload))

    [told] = [each for each in caplog.records if "failed" in each.getMessage()]
    assert "Lost connection" in told.getMessage() and not told.exc_info


# --- The database ---------------------------------------------------------------------------------


@pytest.mark.only_on("mysql")
def test_it_stops_although_the_database_hangs(command, mariadb) -> None:
    """And has one line about that, not one for each of its tries."""
    url = {"DATABASE_URL": mariadb.url, "DATABASE_TIMEOUT": "3", "WORKER_GRACE_SECONDS": "1"}
    assert command("migrate", "--verbosity=0", **url).process.wait(180) == 0
    cluster = command("run_worker", **url)
    cluster.wait_for(" is running.", seconds=60)

    mariadb.process.send_signal(signal.SIGSTOP)
    try:
        cluster.wait_for("Queue unavailable (", seconds=60)
        assert cluster.stop(seconds=60) == 0
    finally:
        mariadb.process.send_signal(signal.SIGCONT)
    assert "Traceback" not in cluster.printed
    assert cluster.printed.count("Queue unavailable (") == 1
