"""Which runs the reaper ends, which it does not, and that each end is written once."""

import os
import sqlite3
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from audit.models import AuditLog
from automation.execution import reaper
from automation.models import Job, Outcome, Run, ServerLock
from inventory.ansible import processes
from schema.retrying import insisting
from tests import make
from tests.at_once import at_once
from tests.automation.runs.test_runner_stop import in_a_moment

ELSEWHERE = "another-machine"


def running(**fields) -> Run:
    """A run that this process has claimed, with these columns."""
    make.launch(make.playbook(), make.user(role="operator"), [make.server()])
    run = Run.objects.claim_next()
    Run.objects.filter(pk=run.pk).update(**fields)
    return Run.objects.get(pk=run.pk)


def status_of(run: Run) -> str:
    return Job.objects.get(run=run).status


@pytest.fixture
def quick(settings) -> None:
    """Heartbeats and checks take tenths of seconds; tests still wait for what they are about."""
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


@contextmanager
def read_only() -> Iterator[None]:
    """Read-only until the reaper opens a new connection."""
    connection.cursor().execute("PRAGMA query_only=ON")
    yield


@contextmanager
def locked_by_another() -> Iterator[None]:
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connection.cursor().execute("PRAGMA busy_timeout=50")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("refusing", [read_only, locked_by_another])
def test_a_database_that_answers_reads_and_takes_no_writes_ends_nobody(quick, refusing) -> None:
    run = running(worker_host=ELSEWHERE)
    reaper.reap_silent()

    with refusing():
        assert status_of(run) == "running"
        assert reaper.reap_silent() == []

    assert status_of(run) == "running"
    assert reaper.reap_silent() == [run.pk]  # writes work now, and no heartbeat came


@pytest.mark.only_on("mysql")
@pytest.mark.django_db(transaction=True)
def test_a_suspect_whose_row_somebody_has_locked_is_not_ended(quick) -> None:
    """Its worker could not have sent a heartbeat either."""
    run = running(worker_host=ELSEWHERE)
    reaper.reap_silent()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
    locked, done = Event(), Event()

    def lock() -> None:
        with transaction.atomic():
            Run.objects.select_for_update().get(pk=run.pk)
            locked.set()
            done.wait(30)
        connection.close()

    thread = in_a_moment(lock)
    assert locked.wait(10)
    assert reaper.reap_silent() == []
    done.set()
    thread.join(30)

    assert status_of(run) == "running"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("nth", [1, 3])
def test_one_write_that_is_refused_ends_the_proof(settings, monkeypatch, nth: int) -> None:
    """However many reads succeed: the suspect may have been refused at that moment too."""
    settings.RUN_HEARTBEAT_SECONDS, settings.RUN_LOST_AFTER_SECONDS = 1, 0
    monkeypatch.setattr(reaper, "PAUSE_SECONDS", 1)
    run = running(worker_host=ELSEWHERE)
    reaper.reap_silent()
    writes = []

    def refuse_one(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE"):
            writes.append(sql)
            if len(writes) == nth:
                raise OperationalError(1290, "running with the --read-only option")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_one):
        assert reaper.reap_silent() == []

    assert len(writes) == nth and status_of(run) == "running"


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
    make.launch(make.playbook(), make.user(role="operator"), [make.server()])
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
        assert run.is_cancelling  # its worker notices, and stops it


def assert_ended_once(run: Run) -> None:
    assert Run.objects.get(pk=run.pk).state == Run.State.FINISHED
    assert not ServerLock.objects.exists()
    assert AuditLog.objects.filter(action="job.finished").count() == 1
    assert AuditLog.objects.filter(action="run.finished").count() == 1


def test_a_process_lives_since_its_start_and_not_before() -> None:
    now = timezone.now()

    assert processes.lives_since(os.getpid(), now)
    assert not processes.lives_since(os.getpid(), now - timedelta(days=30))


def test_a_process_that_has_ended_does_not_live() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert not processes.lives_since(ended.pid, timezone.now())
