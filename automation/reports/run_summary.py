"""A run's jobs in numbers: their statuses, what went wrong, and the progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from automation.models import Job, Run

from .run_servers import JobGroup, RunServers

FAILURES = 3
# What jobs that failed alike have in common: the kind of failure, what failed, and the ticket.
Alike = tuple[str, str, int | None]


@dataclass(frozen=True)
class RunSummary:
    """The summary; `failures` are the most common ones, as (first job, number of jobs alike)."""

    counts: dict[str, int]
    failures: list[tuple[Job, int]]
    more_failures: int

    @property
    def jobs(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(count for status, count in self.counts.items() if status not in Job.ACTIVE)


def summarize_run(servers: RunServers) -> RunSummary:
    """The summary of the run of these servers. One query, if anything failed, besides theirs."""
    alike: dict[Alike, list[JobGroup]] = {}
    for group in servers.groups:
        if group.status == Job.Status.FAILED:
            alike.setdefault((group.failure_kind, group.what, group.ticket), []).append(group)
    failed = [
        (sum(group.count for group in groups), min(group.first for group in groups))
        for groups in alike.values()
    ]
    failed.sort(key=lambda each: (-each[0], each[1]))
    more = max(0, len(failed) - FAILURES)
    return RunSummary(servers.counts, _with_jobs(failed[:FAILURES]), more)


def _with_jobs(failed: list[tuple[int, int]]) -> list[tuple[Job, int]]:
    """(first job, number of jobs alike) for each (number, id of the first)."""
    if not failed:
        return []
    related = Job.objects.select_related("server", "playbook", "occurrence__ticket")
    jobs = related.in_bulk([first for _count, first in failed])
    return [(jobs[first], count) for count, first in failed]


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
