"""How workers end, gracefully or not: nothing is left running, lost or done twice."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction

from audit.models import AuditLog
from automation.execution import reaper
from automation.models import Job, Run, ServerLock, Worker
from inventory.ansible import processes
from tests import make
from tests.automation.running import text_of
from tests.private_servers import wait_until

from .test_queue import finished

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def sleeping(seconds: int) -> list[dict]:
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Sleep", "ansible.builtin.raw": f"sleep {seconds}"}],
        }
    ]


def started(run: Run) -> None:
    """Return once the play has reached its task."""
    wait_until(
        lambda: "TASK [Sleep]" in text_of(Job.objects.get(run=run)),
        seconds=40,
        what=f"the task of {run}",
    )
    run.refresh_from_db()


def worker(command: Callable, **extra: str):
    cluster = command("run_worker", **extra)
    cluster.wait_for(" running.")
    return cluster


def assert_lost_once(run: Run) -> None:
    job = finished(run)
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.WORKER_LOST)
    assert "TASK [Sleep]" in text_of(job)
    assert job.tickets.count() == 1
    assert processes.find_marked(str(run.claim_token)) == []
    assert AuditLog.objects.about(job).filter(action="job.finished").count() == 1
    assert AuditLog.objects.about(run).filter(action="run.started").count() == 1


def test_after_the_grace_period_a_running_job_is_cancelled_with_the_reason(command, alice) -> None:
    cluster = worker(command, WORKER_GRACE_SECONDS="1")
    run = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(run)

    assert cluster.stop() == 0

    job = finished(run)
    assert job.status == Job.Status.CANCELLED
    assert "its worker was stopped" in job.error_message
    assert processes.find_marked(str(run.claim_token)) == []
    assert not ServerLock.objects.exists()


def test_asked_twice_it_does_not_wait(command, alice) -> None:
    cluster = worker(command, WORKER_GRACE_SECONDS="600")
    run = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(run)

    cluster.process.send_signal(signal.SIGTERM)
    cluster.wait_for(" stopping.")
    assert cluster.stop() == 0

    assert finished(run).status == Job.Status.CANCELLED


def test_a_stopping_worker_takes_nothing_new_and_the_next_one_does(command, alice) -> None:
    cluster = worker(command, WORKERS="1", WORKER_GRACE_SECONDS="2")
    first = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(first)
    second = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])

    assert cluster.stop() == 0
    second.refresh_from_db()
    assert second.state == Run.State.PENDING

    worker(command)
    assert finished(second).status == Job.Status.SUCCESS


def test_a_worker_process_that_is_killed_is_noticed_by_the_one_in_its_place(command, alice) -> None:
    worker(command)
    run = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(run)

    os.kill(run.worker_pid, signal.SIGKILL)

    assert_lost_once(run)


def test_a_dead_workers_run_is_ended_while_all_others_are_busy(command, alice) -> None:
    worker(command, WORKERS="1")
    busy = make.launch(make.playbook(sleeping(300)), alice, [make.localhost()])
    started(busy)
    lost = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert lost.claim(set())
    Run.objects.filter(pk=lost.pk).update(worker_pid=ended.pid)

    assert finished(lost).failure_kind == Job.FailureKind.WORKER_LOST
    busy.refresh_from_db()
    assert busy.state == Run.State.RUNNING


TALKING = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Sleep",
                "ansible.builtin.raw": "sleep 0.1",
                "loop": "{{ range(200) | list }}",
            }
        ],
    }
]


def put_to_sleep(run: Run) -> int:
    """Suspend its worker outside a transaction. Returns the number of lines stored by then."""
    while True:
        os.kill(run.worker_pid, signal.SIGSTOP)
        try:
            with transaction.atomic():
                Run.objects.select_for_update(nowait=True).get(pk=run.pk)
            return Job.objects.get(run=run).logs.count()
        except OperationalError:
            os.kill(run.worker_pid, signal.SIGCONT)


def printed_by(run: Run) -> int:
    """How many bytes ansible-playbook has written so far.

    Its terminal buffers 4096 unread bytes; then it has to wait.
    """
    of_run = processes.find_marked(str(run.claim_token))
    parent = processes._parent_of  # the shell above ansible-playbook is the worker's child
    leader = next(pid for pid in of_run if parent(parent(pid)) == run.worker_pid)
    counters = (Path("/proc") / str(leader) / "io").read_text().split()
    return int(counters[counters.index("wchar:") + 1])


def reaped_here(run: Run, settings: Any) -> None:
    """By a reaper on this machine, which also kills what is left of the run."""
    settings.RUN_HEARTBEAT_SECONDS, settings.RUN_LOST_AFTER_SECONDS = -0.9, 0
    wait_until(lambda: run.pk in reaper.reap_silent(), seconds=10, what="the reaper's end")


def reaped_elsewhere(run: Run, settings: Any) -> None:
    """By a reaper on another machine: ansible-playbook goes on printing."""
    assert Run.objects.get(pk=run.pk).end_as_lost()


@pytest.mark.parametrize("reaped", [reaped_here, reaped_elsewhere])
def test_a_worker_that_slept_and_was_declared_lost_writes_nothing_when_it_wakes(
    command, alice, settings, reaped
) -> None:
    worker(command, WORKERS="1")
    run = make.launch(make.playbook(TALKING), alice, [make.localhost()])
    started(run)
    before, printed = put_to_sleep(run), printed_by(run)
    wait_until(lambda: printed_by(run) > printed + 1000, seconds=20, what="output nobody reads")
    reaped(run, settings)

    os.kill(run.worker_pid, signal.SIGCONT)
    wait_until(lambda: not processes.find_marked(str(run.claim_token)), seconds=20, what="its end")
    after = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
    assert finished(after).status == Job.Status.SUCCESS  # the same worker goes on with the next run

    job = Job.objects.get(run=run)
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.WORKER_LOST)
    assert "output that the worker still held in memory is lost" in job.error_message
    assert job.logs.count() == before
    assert AuditLog.objects.about(job).filter(action="job.finished").count() == 1


def test_after_a_power_cut_the_running_fail_and_the_waiting_run(command, alice) -> None:
    cluster = worker(command, WORKERS="1")
    server = make.localhost()
    lost = make.launch(make.playbook(sleeping(300)), alice, [server])
    started(lost)
    waiting = make.launch(make.playbook(make.HELLO), alice, [server])

    cluster.kill()
    processes.kill_marked(str(lost.claim_token))  # a power cut spares nothing
    worker(command)

    assert_lost_once(lost)
    job = finished(waiting)
    assert job.status == Job.Status.SUCCESS
    assert AuditLog.objects.about(waiting).filter(action="run.started").count() == 1


def test_workers_that_have_ended_are_not_alive(command):
    cluster = worker(command)
    wait_until(lambda: Worker.objects.alive().count() == 2, seconds=20, what="both workers")

    cluster.process.send_signal(signal.SIGTERM)
    cluster.process.wait(40)

    assert Worker.objects.alive().count() == 0
