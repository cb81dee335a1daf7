"""A run's jobs in a few numbers: how they stand, what went wrong, and how far the run has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, F, Min, When

from automation.models import Job, Run

FAILURES = 3


@dataclass(frozen=True)
class Alike:
    """Jobs of a run that stand alike, on one ticket or on none. `what` failed, as a place or a
    name; `first`: the key of the first."""

    status: str
    failure_kind: str
    what: str
    ticket: int | None
    count: int
    first: int


@dataclass(frozen=True)
class RunSummary:
    """`failures`: the commonest ones, each with its first job (and so a message and a ticket), and
    how many are like it."""

    counts: dict[str, int]
    failures: list[tuple[Job, int]]
    more_failures: int

    @property
    def jobs(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        active = (Job.Status.PENDING, Job.Status.RUNNING)
        return sum(count for status, count in self.counts.items() if status not in active)


def summarize_run(run: Run) -> RunSummary:
    """Two queries, or one where nothing failed."""
    # By the task's place, which earlier jobs lack: its name may be filled in anew for each server.
    what = Case(When(failed_place="", then=F("failed_task")), default=F("failed_place"))
    groups = [
        Alike(*row)
        for row in run.jobs.order_by()
        .annotate(what=what)
        .values_list("status", "failure_kind", "what", "occurrence__ticket")
        .annotate(count=Count("id"), first=Min("id"))
    ]
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.status] += group.count
    failed = [group for group in groups if group.status == Job.Status.FAILED]
    failed.sort(key=lambda group: (-group.count, group.first))
    return RunSummary(
        {status: counts[status] for status in Job.Status.values if counts[status]},
        _with_jobs(failed[:FAILURES]),
        max(0, len(failed) - FAILURES),
    )


def _with_jobs(groups: list[Alike]) -> list[tuple[Job, int]]:
    if not groups:
        return []
    related = Job.objects.select_related("server", "playbook", "occurrence__ticket")
    jobs = related.in_bulk([group.first for group in groups])
    return [(jobs[group.first], group.count) for group in groups]


@dataclass(frozen=True)
class Progress:
    """Against the usual: the median of the playbook's last runs."""

    elapsed: timedelta
    usual: timedelta

    @property
    def percent(self) -> int:
        """Up to 99: done is when it has ended."""
        share = self.elapsed / self.usual if self.usual else 1
        return min(99, round(100 * share))

    @property
    def is_late(self) -> bool:
        return self.elapsed > self.usual


def progress_of(run: Run, usual: timedelta | None) -> Progress | None:
    """None where it does not run, or nothing is known of earlier runs."""
    if run.state != Run.State.RUNNING or usual is None or run.duration is None:
        return None
    return Progress(run.duration, usual)
