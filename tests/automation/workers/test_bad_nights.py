"""Database or queue away when a worker starts or stops, machines that are suspended, old habits."""

import os
import signal
import time
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django_q.conf import Conf
from django_q.tasks import async_task

from audit.models import AuditLog
from automation.models import Job, Run, Worker
from automation.workers import worker as working
from automation.workers.child import Child, Loss, State
from automation.workers.losses import report_loss
from automation.workers.supervisor import Supervisor
from infraops import health
from tests import make
from tests.private_servers import Redis, free_port, wait_until

from .test_queue import finished
from .test_supervisor import children_of, is_alive, the
from .test_worker_ends import sleeping, started, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def free_bind() -> str:
    return f"127.0.0.1:{free_port()}"


# --- Redis ----------------------------------------------------------------------------------------


@pytest.fixture
def in_redis(monkeypatch):
    with Redis() as redis:
        monkeypatch.setattr(Conf, "ORM", None)
        monkeypatch.setattr(Conf, "REDIS", redis.url)
        monkeypatch.setattr(Conf, "BROKER_CLASS", "automation.queue.in_redis.RedisBroker")
        yield redis


def test_a_worker_starts_without_its_redis_and_heals_without_it(command, alice) -> None:
    redis = Redis()
    run = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
    cluster = worker(command, REDIS_URL=redis.url)
    cluster.wait_for("Queue unavailable (")
    assert "No worker was woken for waiting runs: " in cluster.printed

    pid = the("worker 1", cluster)
    os.kill(pid, signal.SIGKILL)
    lines = AuditLog.objects.filter(action="worker.restarted")
    wait_until(lines.exists, seconds=40, what="the line about it")
    new = the("worker 1", cluster)
    with redis:
        cluster.wait_for("Queue available again", seconds=60)
        # Its wake-up was lost, as is any that comes before it.
        cluster_of_redis(redis)
        assert finished(run).status == Job.Status.SUCCESS
        assert (the("worker 1", cluster), lines.count()) == (new, 1)
        assert cluster.stop() == 0
    assert cluster.printed.count("Queue unavailable (") == 1


def cluster_of_redis(redis: Redis) -> None:
    """Queue a wake-up there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Conf, "ORM", None)
        patch.setattr(Conf, "REDIS", redis.url)
        patch.setattr(Conf, "BROKER_CLASS", "automation.queue.in_redis.RedisBroker")
        async_task("automation.tasks.run_next")


def test_neither_health_nor_a_launch_waits_for_a_redis_that_hangs(in_redis, alice) -> None:
    """Their clients would wait without limit."""
    playbook, server = make.playbook(make.HELLO), make.localhost()
    in_redis.process.send_signal(signal.SIGSTOP)
    try:
        run = make.launch(playbook, alice, [server])
        assert "Timeout" in health.examine()["queue"].reason
    finally:
        in_redis.process.send_signal(signal.SIGCONT)
    assert run.state == Run.State.PENDING


def test_a_loss_is_reported_without_redis(monkeypatch, caplog) -> None:
    monkeypatch.setattr(Run.objects, "wake_next", lambda: 1 / 0)
    report_loss(Loss(4_194_304, "The reaper (process 4194304) was killed by SIGKILL."))
    assert AuditLog.objects.filter(action="worker.restarted").count() == 1
    assert "No worker was woken for waiting runs: division by zero" in caplog.text


# --- The database ---------------------------------------------------------------------------------


@pytest.mark.only_on("mysql")
def test_a_worker_starts_without_its_database(command, mariadb) -> None:
    url = {"DATABASE_URL": mariadb.url, "DATABASE_TIMEOUT": "3", "WORKER_GRACE_SECONDS": "1"}
    assert command("migrate", "--verbosity=0", **url).process.wait(180) == 0
    mariadb.stop()
    try:
        cluster = command("run_worker", **url)
        cluster.wait_for("Queue unavailable (", seconds=90)
    finally:
        mariadb.start()
    cluster.wait_for("Queue available again", seconds=60)
    assert "Traceback" not in cluster.printed
    assert cluster.stop() == 0


@pytest.mark.only_on("mysql")
def test_run_console_stops_although_the_database_hangs(command, mariadb, free_bind) -> None:
    url = {"DATABASE_URL": mariadb.url, "DATABASE_TIMEOUT": "3", "WORKER_GRACE_SECONDS": "1"}
    assert command("migrate", "--verbosity=0", **url).process.wait(180) == 0
    console = command("run_console", f"--bind={free_bind}", **url)
    console.wait_for(" is running.", seconds=60)
    mariadb.process.send_signal(signal.SIGSTOP)
    try:
        console.process.send_signal(signal.SIGINT)
        assert console.process.wait(90) == 0
    finally:
        mariadb.process.send_signal(signal.SIGCONT)
    assert "Console and worker have stopped." in console.printed


# --- run_console ----------------------------------------------------------------------------------


def test_a_second_ctrl_c_cancels_its_own_runs_only(command, alice, free_bind) -> None:
    """Beside it, another run_worker of this machine has a run."""
    other = worker(command, WORKERS="1")
    theirs = make.launch(make.playbook(sleeping(25)), alice, [make.localhost(hostname="web1")])
    started(theirs)
    console = command("run_console", f"--bind={free_bind}", WORKERS="1", WORKER_GRACE_SECONDS="600")
    console.wait_for(" is running.", seconds=60)
    ours = make.launch(make.playbook(sleeping(300)), alice, [make.localhost(hostname="web2")])
    started(ours)

    console.process.send_signal(signal.SIGINT)
    console.wait_for("Press Ctrl-C again to cancel.", seconds=30)
    console.process.send_signal(signal.SIGINT)

    assert console.process.wait(60) == 0
    job = finished(ours)
    assert job.status == Job.Status.CANCELLED
    assert "its worker was stopped" in job.error_message
    assert finished(theirs).status == Job.Status.SUCCESS
    assert other.stop() == 0


def test_run_console_ends_all_when_the_console_is_killed(command, alice, free_bind) -> None:
    started_by = command("run_console", f"--bind={free_bind}")
    started_by.wait_for(" is running.", seconds=60)
    family = children_of(started_by.process.pid)
    members = {pid: children_of(pid) for pid in family}
    web = next(pid for pid, own in members.items() if "reaper" not in own.values())

    os.kill(web, signal.SIGKILL)

    assert started_by.process.wait(60) == 1
    left = [*family, *(pid for own in members.values() for pid in own)]
    wait_until(lambda: not any(map(is_alive, left)), seconds=60, what="the end of all of them")


# --- Being alive ----------------------------------------------------------------------------------


def test_an_idle_worker_is_alive_although_it_gets_no_task(monkeypatch) -> None:
    """Each minute brings a task to one of them only."""
    monkeypatch.setattr(working, "BEAT_SECONDS", 0)
    rows = []

    class Pipe(SimpleNamespace):
        def poll(self, seconds: float) -> bool:
            rows.append(list(Worker.objects.values_list("pid", flat=True)))
            Worker.objects.all().delete()
            return len(rows) > 3

        def recv(self) -> None:
            raise EOFError

    monkeypatch.setattr(working, "enter_service", lambda: None)
    with pytest.raises(EOFError):
        working.work(Pipe(send=lambda said: None), None)
    assert rows == [[], [os.getpid()], [os.getpid()], [os.getpid()]]


def silent(state: State, seconds: float) -> Child:
    child = Child.__new__(Child)
    child.name, child.task = "reaper", None
    child._become(state)
    child._since -= seconds
    return child


def test_time_in_which_all_of_it_was_suspended_is_left_out(caplog) -> None:
    """As in a container that is paused: the clock goes on, and nobody can say anything."""
    supervisor, child = Supervisor(1), silent(State.LOOPING, 1000)
    supervisor._slots[-1].child = child
    supervisor._turned_at = time.monotonic() - 990
    supervisor._leave_out_suspension()
    assert not child.is_stuck()
    assert "run_worker was suspended for 990 s." in caplog.text
    # One that said nothing before, either, is as late as it was.
    late = silent(State.LOOPING, 1200)
    supervisor._slots[-1].child = late
    supervisor._turned_at = time.monotonic() - 900
    supervisor._leave_out_suspension()
    assert late.is_stuck()


# --- Old habits -----------------------------------------------------------------------------------


def test_qcluster_does_not_start_beside_it() -> None:
    with pytest.raises(CommandError, match="run_worker"):
        call_command("qcluster")
