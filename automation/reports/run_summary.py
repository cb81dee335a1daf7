"""A run's jobs in numbers: their statuses, what went wrong, and the progress."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, F, Min, When

from automation.models import Job, Run, TaskResult

FAILURES = 3


@dataclass(frozen=True)
class Alike:
    """Jobs of a run that ended alike, and have the same ticket or none.

    `what` failed, as a place or a name; `first` is the id of the first job.
    """

    status: str
    failure_kind: str
    what: str
    ticket: int | None
    count: int
    first: int


@dataclass(frozen=True)
class RunSummary:
    """The summary. `failures` are the most common ones.

    Each is (the first job, the number of jobs alike, the number of the task whose full result says
    more, or None).
    """

    counts: dict[str, int]
    failures: list[tuple[Job, int, int | None]]
    more_failures: int

    @property
    def jobs(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        active = (Job.Status.PENDING, Job.Status.RUNNING)
        return sum(count for status, count in self.counts.items() if status not in active)


def summarize_run(run: Run) -> RunSummary:
    """One query, or three if anything failed."""
    # By the task's place, as its name may be templated differently for each server. Older jobs have
    # no place.
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


def _with_jobs(groups: list[Alike]) -> list[tuple[Job, int, int | None]]:
    if not groups:
        return []
    related = Job.objects.select_related("server", "playbook", "occurrence__ticket")
    jobs = related.in_bulk([group.first for group in groups])
    failing = TaskResult.objects.failing_numbers(jobs)
    return [(jobs[group.first], group.count, failing.get(group.first)) for group in groups]


@dataclass(frozen=True)
class Progress:
    """Progress compared with the usual duration, the median of the playbook's last runs."""

    elapsed: timedelta
    usual: timedelta

    @property
    def percent(self) -> int:
        """At most 99: 100 means that the run has ended."""
        share = self.elapsed / self.usual if self.usual else 1
        return min(99, round(100 * share))

    @property
    def is_late(self) -> bool:
        return self.elapsed > self.usual


def progress_of(run: Run, usual: timedelta | None) -> Progress | None:
    """None if it is not running, or its usual duration is unknown."""
    if run.state != Run.State.RUNNING or usual is None or run.duration is None:
        return None
    return Progress(run.duration, usual)
