"""Cancellation, deadlines and a lost claim end the processes, and the row says why."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from audit.models import AuditLog
from automation.execution.runner import execute
from automation.models import Job, Run
from inventory.ansible import processes
from inventory.models import Server
from tests import make
from tests.automation.running import text_of
from tests.private_servers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SLEEPY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Sleep", "ansible.builtin.command": "sleep 300"}],
    }
]


def in_a_moment(act: Callable[[], object]) -> threading.Thread:
    """Do something in another thread, with its own database connection."""

    def and_close() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=and_close, daemon=True)
    thread.start()
    return thread


def is_sleeping(run: Run) -> bool:
    """True once the play has reached its task and the command itself runs."""
    return any(_sleeps(pid) for pid in processes.find_marked(str(run.claim_token)))


def _sleeps(pid: int) -> bool:
    try:
        command = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
    return command.startswith(b"sleep\x00300")


def launched(server: Server | None = None, **options: object) -> Run:
    actor = make.user(role="operator")
    make.launch(make.playbook(SLEEPY), actor, [server or make.localhost()], **options)
    run = Run.objects.claim_next()
    assert run is not None
    return run


@contextmanager
def once_asleep(run: Run, act: Callable[[], object]) -> Iterator[None]:
    def wait_and_act() -> None:
        wait_until(lambda: is_sleeping(run), seconds=30, what="the sleeping task")
        act()

    thread = in_a_moment(wait_and_act)
    yield
    thread.join(30)
    assert not thread.is_alive()


def the_job(run: Run) -> Job:
    return Job.objects.recent().get(run=run)


def test_cancel_ends_every_process_and_says_who(alice) -> None:
    run = launched()

    with once_asleep(run, lambda: Run.objects.get(pk=run.pk).cancel(alice)):
        execute(run)

    job = the_job(run)
    assert job.status == Job.Status.CANCELLED
    assert job.error_message == "Cancelled by alice."
    assert processes.find_marked(str(run.claim_token)) == []
    assert "TASK [Sleep]" in text_of(job)
    assert AuditLog.objects.filter(action="run.cancel_requested").count() == 1
    assert AuditLog.objects.filter(action="job.finished").count() == 1


def test_cancel_over_ssh_leaves_nothing_on_the_other_side(alice, sshd) -> None:
    server = make.ssh_server(sshd)
    run = launched(server)

    def remote() -> set[int]:
        """The sleep behind sshd, which does not carry the run's marker."""
        pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return {pid for pid in pids if _sleeps(pid)}

    before = remote()

    def wait_and_cancel() -> None:
        wait_until(lambda: remote() - before, seconds=30, what="the remote sleep")
        Run.objects.get(pk=run.pk).cancel(alice)

    thread = in_a_moment(wait_and_cancel)
    execute(run)
    thread.join(30)

    assert the_job(run).status == Job.Status.CANCELLED
    wait_until(lambda: remote() <= before, seconds=10, what="the remote end")


def test_the_deadline_ends_it() -> None:
    run = launched(deadline_seconds=2)

    execute(run)

    job = the_job(run)
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.DEADLINE)
    assert "2 seconds" in job.error_message
    assert processes.find_marked(str(run.claim_token)) == []


def test_silence_ends_it_when_it_was_told_so() -> None:
    run = launched(idle_deadline_seconds=1)

    execute(run)

    job = the_job(run)
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.DEADLINE)
    assert job.error_message == "Stopped: it printed nothing for 1 s, its limit without output."
    assert processes.find_marked(str(run.claim_token)) == []


def test_a_run_that_the_reaper_has_ended_stops_and_keeps_the_reapers_words(settings) -> None:
    settings.RUN_HEARTBEAT_SECONDS = 0.1
    settings.RUN_LOST_AFTER_SECONDS = 0
    run = launched()

    def reap() -> None:
        """As if this worker had hung for a while: the heartbeats it sends save it."""
        wait_until(
            lambda: Run.objects.get(pk=run.pk).end_as_lost(), seconds=20, what="a beat missed"
        )

    with once_asleep(run, reap):
        assert execute(run) is False

    job = the_job(run)
    assert job.failure_kind == Job.FailureKind.WORKER_LOST
    assert "was last heard of at" in job.error_message
    assert AuditLog.objects.filter(action="job.finished").count() == 1
    assert processes.find_marked(str(run.claim_token)) == []
