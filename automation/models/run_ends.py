"""Write the end of a run: the ends of its jobs, its outcome, and the audit line."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count

from accounts.models import User
from audit.models import AuditLog
from automation.signals import hosts_failed
from schema.retrying import is_transient

from .jobs import Job, Outcome
from .run_states import exit_word_of

if TYPE_CHECKING:
    from .runs import Run

logger = logging.getLogger(__name__)

# Ended by the reaper or by the clock rather than by a person.
ENDED_BY_SYSTEM = {Job.FailureKind.WORKER_LOST, Job.FailureKind.DEADLINE}


def end_jobs(
    run: Run,
    outcomes: Mapping[int, Outcome],
    default: Outcome,
    *,
    finished_at: datetime,
    exit_code: int | None = None,
    other_hosts: Sequence[dict[str, Any]] = (),
) -> None:
    """End all active jobs of the run, and record the run's end.

    Called inside the transaction that ends the run, so the attributes of `run` itself may only be
    set after the commit.
    """
    system = User.objects.system()
    for job in run.jobs.active().select_related("playbook", "server", "user"):
        outcome = outcomes.get(job.pk, default)
        job.finish(outcome, actor=_who_ended(run, outcome, system))
    counts = dict(run.jobs.order_by().values_list("status").annotate(Count("pk")))
    ends = {*counts, *(each["status"] for each in other_hosts)}
    run.outcome = next((end for end in run.End.values if end in ends), "")
    type(run).objects.filter(pk=run.pk).update(outcome=run.outcome)
    is_cancelled = Job.Status.CANCELLED in counts
    AuditLog.objects.record(
        "run.finished",
        run,
        actor=(run.cancelled_by if is_cancelled else None) or system,
        outcome=run.outcome,
        jobs=counts,
        **({"other_hosts": _counted(other_hosts)} if other_hosts else {}),
        exit=exit_word_of(exit_code),
        seconds=_seconds_between(run.started_at, finished_at),
    )
    failed = [each for each in other_hosts if each["status"] == Job.Status.FAILED]
    if failed and Job.Status.FAILED not in counts:
        _announce(run, failed)


def _counted(other_hosts: Sequence[dict[str, Any]]) -> dict[str, int]:
    """{status: number of hosts}."""
    return dict(Counter(each["status"] for each in other_hosts))


def _announce(run: Run, failed: Sequence[dict[str, Any]]) -> None:
    """Call receivers; an error in one must not keep the run from ending."""
    try:
        with transaction.atomic():
            hosts_failed.send(type(run), run=run, hosts=failed)
    except Exception as error:
        if is_transient(error):
            raise  # the run's end is written again
        logger.exception("A receiver of hosts_failed failed for run %s", run.pk)
        AuditLog.objects.record("run.follow_up_failed", run, error=str(error)[:500])


def _who_ended(run: Run, outcome: Outcome, system: User) -> User | None:
    """Who ended the job. None if it ended by itself; its audit line then names who launched it."""
    if outcome.failure_kind in ENDED_BY_SYSTEM:
        return system
    if outcome.status == Job.Status.CANCELLED:
        return run.cancelled_by or system
    return run.cancelled_by


def _seconds_between(started_at: datetime | None, finished_at: datetime) -> float | None:
    """None for a run that never started."""
    return round((finished_at - started_at).total_seconds(), 3) if started_at else None
