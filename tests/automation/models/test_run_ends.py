"""What the audit trail says about a run's end, and about who ended what."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import AuditLog
from automation.models import Job, Outcome, Run
from tests import make
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

SUCCESS = Outcome(Job.Status.SUCCESS)
FAILED = Outcome.failed(Job.FailureKind.TASK_FAILED, "x", failed_task="y")


@pytest.fixture
def waiting(alice) -> Run:
    """A run that alice launched on three servers."""
    run = make.run(launched_by=alice)
    for _ in range(3):
        make.job(run=run, user=alice)
    return run


@pytest.fixture
def run(waiting) -> Run:
    """The same run, claimed by a worker."""
    claimed = Run.objects.claim_next()
    assert claimed == waiting
    return claimed


def end_of(run: Run) -> AuditLog:
    return AuditLog.objects.about(run).get(action="run.finished")


def who_ended_its_jobs(run: Run) -> set[str]:
    ends = AuditLog.objects.filter(action="job.finished")
    assert ends.count() == run.jobs.count()
    return {line.actor_name for line in ends}


def test_a_run_that_ends_by_itself_is_ended_by_the_system(run):
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=90))
    run.refresh_from_db()
    ok = run.jobs.earliest("id")
    assert run.finish({ok.pk: SUCCESS}, FAILED, exit_code=2)
    line = end_of(run)
    assert line.user == User.objects.system()
    told = {name: line.details[name] for name in ("outcome", "jobs", "exit")}
    assert told == {"outcome": "failed", "jobs": {"success": 1, "failed": 2}, "exit": "2"}
    assert line.details["seconds"] == round(run.duration.total_seconds(), 3)
    assert 90 <= line.details["seconds"] < 95
    assert who_ended_its_jobs(run) == {"alice"}


def test_a_signal_is_named(run):
    assert run.finish({}, FAILED, exit_code=-9)
    assert end_of(run).details["exit"] == "SIGKILL"


def test_whoever_cancels_a_waiting_run_ends_it(waiting, alice, boss):
    assert waiting.cancel(boss)
    line = end_of(waiting)
    assert (line.user, line.details["outcome"]) == (boss, "cancelled")
    assert (line.details["jobs"], line.details["exit"]) == ({"cancelled": 3}, "")
    assert line.details["seconds"] is None
    assert who_ended_its_jobs(waiting) == {"boss"}


def test_whoever_cancels_a_running_one_ends_it_too(run, boss):
    assert Run.objects.get().cancel(boss)
    run.refresh_from_db()
    assert run.finish({}, Outcome.cancelled(run.cancel_message()))
    assert end_of(run).user == boss and who_ended_its_jobs(run) == {"boss"}


def test_a_cancel_that_comes_too_late_has_not_ended_the_run(run, boss):
    assert Run.objects.get().cancel(boss)
    run.refresh_from_db()
    assert run.finish({}, SUCCESS)
    assert end_of(run).user == User.objects.system()


def test_what_nobody_cancels_the_system_does(waiting):
    assert waiting.cancel(None, reason="Its inventory is gone.")
    lines = AuditLog.objects.about(waiting)
    assert {line.user for line in lines} == {User.objects.system()}
    assert who_ended_its_jobs(waiting) == {"system"}
    assert waiting.cancelled_by is None


def test_the_deadline_ends_a_run_for_the_system(run):
    assert run.finish({}, Outcome.failed(Job.FailureKind.DEADLINE, "Stopped."))
    assert end_of(run).user == User.objects.system() and who_ended_its_jobs(run) == {"system"}


def test_the_reaper_ends_a_run_for_the_system_whoever_has_cancelled_it(run, boss):
    assert Run.objects.get().cancel(boss)
    assert Run.objects.get().end_as_lost()
    assert end_of(run).user == User.objects.system() and who_ended_its_jobs(run) == {"system"}


def test_a_failures_ticket_is_opened_by_the_system_for_whoever_launched(run, alice):
    assert run.finish({}, FAILED)
    ticket = Ticket.objects.get()
    assert ticket.created_by == alice
    lines = AuditLog.objects.about(ticket)
    assert {line.action for line in lines} == {"ticket.opened", "ticket.occurred_again"}
    assert {line.user for line in lines} == {User.objects.system()}


def test_an_end_that_cannot_be_recorded_is_none(run, monkeypatch):
    def refuse(*args: object, **details: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("audit.models.AuditLogQuerySet._write", refuse)
    with pytest.raises(ZeroDivisionError):
        run.finish({}, SUCCESS)
    assert Run.objects.get().state == "running"
    assert set(run.jobs.values_list("status", flat=True)) == {"running"}
