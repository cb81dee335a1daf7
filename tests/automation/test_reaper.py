"""Who is taken for dead, who is not, and that each end is written once."""

import os
import subprocess
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from audit.models import AuditLog
from automation import processes, reaper
from automation.models import Job, Outcome, Run, ServerLock
from automation.retrying import insisting
from tests import make
from tests.at_once import at_once

ELSEWHERE = "another-machine"


def running(**fields) -> Run:
    """A run that this process has claimed, with these columns."""
    make.playbook().launch(make.user(role="operator"), [make.server()])
    run = Run.objects.claim_next()
    Run.objects.filter(pk=run.pk).update(**fields)
    return Run.objects.get(pk=run.pk)


def status_of(run: Run) -> str:
    return Job.objects.get(run=run).status


@pytest.fixture
def quick(settings) -> None:
    """Beats and looks in tenths of seconds; each test still awaits what it is about."""
    settings.RUN_HEARTBEAT_SECONDS = -0.9  # a suspect gets 0.2 s
    settings.RUN_LOST_AFTER_SECONDS = 0


@pytest.mark.django_db
def test_a_run_whose_worker_process_is_no_more_is_ended_at_once() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    run = running(worker_pid=ended.pid)

    assert reaper.reap_dead() == [run.pk]
    assert Job.objects.get(run=run).failure_kind == Job.FailureKind.WORKER_LOST


@pytest.mark.django_db
def test_a_run_whose_worker_lives_is_left_alone() -> None:
    run = running()

    assert reaper.reap_dead() == []
    assert status_of(run) == "running"


@pytest.mark.django_db
def test_a_later_process_with_the_workers_number_is_not_the_worker() -> None:
    run = running(worker_pid=os.getpid(), started_at=timezone.now() - timedelta(days=30))

    assert reaper.reap_dead() == [run.pk]


@pytest.mark.django_db
def test_a_container_of_the_same_name_is_not_judged_by_its_numbers() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    run = running(worker_pid=ended.pid, claim_token=str(uuid.uuid4()))

    assert reaper.reap_dead() == []
    assert status_of(run) == "running"


@pytest.mark.django_db
def test_a_look_that_the_database_does_not_answer_ends_nothing(monkeypatch, caplog) -> None:
    def away() -> list[int]:
        raise OperationalError(2006, "gone away")

    monkeypatch.setattr(reaper, "reap", away)
    reaper.look()

    assert "gone away" in caplog.text


@pytest.mark.django_db
def test_another_machines_processes_are_not_judged_by_their_numbers() -> None:
    run = running(worker_host=ELSEWHERE, worker_pid=2**22 + 1)

    assert reaper.reap_dead() == []
    assert status_of(run) == "running"


@pytest.mark.django_db
def test_a_silent_run_of_another_machine_is_ended_at_the_second_look(quick) -> None:
    run = running(worker_host=ELSEWHERE)

    assert reaper.reap_silent() == []
    assert reaper.reap_silent() == [run.pk]


@pytest.mark.django_db(transaction=True)
def test_a_suspect_that_beats_while_it_is_looked_at_lives(settings) -> None:
    settings.RUN_HEARTBEAT_SECONDS = 0.5
    settings.RUN_LOST_AFTER_SECONDS = 0
    run = running(worker_host=ELSEWHERE)
    reaper.reap_silent()
    stop = threading.Event()

    def keep_beating() -> None:
        while not stop.wait(0.2):
            run.beat()
        connection.close()

    thread = threading.Thread(target=keep_beating)
    thread.start()
    try:
        assert reaper.reap_silent() == []
    finally:
        stop.set()
        thread.join()
    assert status_of(run) == "running"


@pytest.mark.django_db
def test_nobody_is_ended_when_the_database_did_not_answer_all_the_while(quick, monkeypatch) -> None:
    run = running(worker_host=ELSEWHERE)
    reaper.reap_silent()
    # The edge of the machine: a server that went away in between.
    monkeypatch.setattr(reaper, "_database_answers_for", lambda seconds: False)

    assert reaper.reap_silent() == []
    assert status_of(run) == "running"


@pytest.mark.django_db(transaction=True)
def test_two_reapers_at_once_write_one_end(quick) -> None:
    run = running(worker_host=ELSEWHERE)
    reaper.reap_silent()

    ended = at_once([reaper.reap_silent] * 2)

    assert sorted(ended) == [[], [run.pk]]
    assert_ended_once(run)
    assert AuditLog.objects.filter(action="ticket.opened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_finish_that_meets_the_reaper_is_one_end() -> None:
    run = running()
    success = Outcome(Job.Status.SUCCESS)

    ended = at_once(
        [
            lambda: Run.objects.get(pk=run.pk).finish({}, success, exit_code=0),
            lambda: Run.objects.get(pk=run.pk).end_as_lost(),
        ]
    )

    assert sorted(ended) == [False, True]
    assert_ended_once(run)
    assert status_of(run) == (Job.Status.SUCCESS if ended[0] else Job.Status.FAILED)


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_meets_the_finish_changes_no_end() -> None:
    run = running()
    actor = make.user(role="operator")

    finished, _ = at_once(
        [
            lambda: Run.objects.get(pk=run.pk).finish({}, Outcome(Job.Status.SUCCESS)),
            lambda: Run.objects.get(pk=run.pk).cancel(actor),
        ]
    )

    assert finished is True
    assert status_of(run) == Job.Status.SUCCESS
    assert_ended_once(run)


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_meets_the_claim_is_never_lost() -> None:
    make.playbook().launch(make.user(role="operator"), [make.server()])
    run = Run.objects.get()
    actor = make.user(role="operator")

    claimed, cancelled = at_once(
        [
            lambda: insisting(Run.objects.claim_next),  # as a worker does: it may be a deadlock
            lambda: Run.objects.get(pk=run.pk).cancel(actor),
        ]
    )

    run.refresh_from_db()
    assert cancelled is True
    if claimed is None:
        assert status_of(run) == Job.Status.CANCELLED
    else:
        assert run.is_cancelling  # its worker reads that, and stops it


def assert_ended_once(run: Run) -> None:
    assert Run.objects.get(pk=run.pk).state == Run.State.FINISHED
    assert not ServerLock.objects.exists()
    assert AuditLog.objects.filter(action="job.finished").count() == 1


def test_a_process_lives_since_its_start_and_not_before() -> None:
    now = timezone.now()

    assert processes.lives_since(os.getpid(), now)
    assert not processes.lives_since(os.getpid(), now - timedelta(days=30))


def test_a_process_that_has_ended_does_not_live() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert not processes.lives_since(ended.pid, timezone.now())
