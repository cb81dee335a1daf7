"""How the end of a run is written: the ends of its jobs, its outcome, and the line that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count

from accounts.models import User
from audit.models import AuditLog

from .jobs import Job, Outcome
from .run_states import exit_word_of

if TYPE_CHECKING:
    from .runs import Run

# Nobody asked for these: the reaper and the clock end the job.
ENDED_BY_SYSTEM = {Job.FailureKind.WORKER_LOST, Job.FailureKind.DEADLINE}


def end_jobs(
    run: Run,
    outcomes: Mapping[int, Outcome],
    default: Outcome,
    *,
    finished_at: datetime,
    exit_code: int | None = None,
) -> None:
    """End what has not ended of the run's jobs, and record the end of the run.

    Called inside the transaction that ends the run, which knows its end from its row: the columns
    of `run` itself may be set only when that is committed.
    """
    system = User.objects.system()
    for job in run.jobs.active().select_related("playbook", "server", "user"):
        outcome = outcomes.get(job.pk, default)
        job.finish(outcome, actor=_who_ended(run, outcome, system))
    counts = dict(run.jobs.order_by().values_list("status").annotate(Count("pk")))
    run.outcome = next((end for end in run.End.values if end in counts), "")
    type(run).objects.filter(pk=run.pk).update(outcome=run.outcome)
    is_cancelled = Job.Status.CANCELLED in counts
    AuditLog.objects.record(
        "run.finished",
        run,
        actor=(run.cancelled_by if is_cancelled else None) or system,
        outcome=run.outcome,
        jobs=counts,
        exit=exit_word_of(exit_code),
        seconds=_seconds_between(run.started_at, finished_at),
    )


def _who_ended(run: Run, outcome: Outcome, system: User) -> User | None:
    """None: it has ended by itself, which is told of whoever launched it."""
    if outcome.failure_kind in ENDED_BY_SYSTEM:
        return system
    if outcome.status == Job.Status.CANCELLED:
        return run.cancelled_by or system
    return run.cancelled_by


def _seconds_between(started_at: datetime | None, finished_at: datetime) -> float | None:
    """None for a run that never started."""
    return round((finished_at - started_at).total_seconds(), 3) if started_at else None
