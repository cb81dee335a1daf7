"""How a playbook has fared: its newest runs, week by week, and by server.

The cost is bounded however long the history is: only the newest runs and jobs are read, by key.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.db.models import Count
from django.utils import timezone

from automation.models import Job, Playbook, Run

from .track_record import Seconds, TrackRecord

RUNS = 500
JOBS = 20_000
# How many of the newest jobs are searched for servers, and how many servers are shown.
JOBS_FOR_SERVERS = 2000
SERVERS = 20
STRIP = 50
WEEKS = 12

COLUMNS = (
    *("pk", "state", "outcome", "launched_by_id"),
    *("created_at", "started_at", "finished_at"),
)


@dataclass(frozen=True)
class RunRecord:
    pk: int
    created_at: datetime
    outcome: str  # as a job's status: pending or running until it has ended
    # None if too many jobs have come since.
    servers: int | None
    failed: int | None
    launched_by_id: int
    duration: timedelta | None

    @property
    def has_ended(self) -> bool:
        return self.outcome not in (Run.State.PENDING, Run.State.RUNNING)

    @property
    def seconds(self) -> Seconds | None:
        return self.duration.total_seconds() if self.duration is not None else None


@dataclass(frozen=True)
class RunsTogether(TrackRecord):
    """Several of its runs; `start` is the Monday of their week, if they are a week's."""

    runs: list[RunRecord]
    start: date | None = None

    @classmethod
    def of(cls, runs: list[RunRecord], start: date | None = None) -> Self:
        return cls([(run.seconds, run.outcome) for run in runs], runs, start)


@dataclass(frozen=True)
class PlaybookHistory:
    """The history; `runs` are newest first."""

    runs: list[RunRecord]
    is_cut: bool  # there are older ones
    servers: list[Job]
    more_servers: int

    @property
    def latest(self) -> RunsTogether:
        return RunsTogether.of(self.runs[:STRIP])

    @property
    def weeks(self) -> list[RunsTogether]:
        """The last weeks with runs, oldest first.

        A cut-off first week is dropped if there are others.
        """
        by_week: dict[date, list[RunRecord]] = {}
        for run in self.runs:
            day = timezone.localdate(run.created_at)
            by_week.setdefault(day - timedelta(days=day.weekday()), []).append(run)
        weeks = [RunsTogether.of(runs, start) for start, runs in sorted(by_week.items())]
        return weeks[int(self.is_cut and len(weeks) > 1) :][-WEEKS:]


def playbook_history(playbook: Playbook) -> PlaybookHistory:
    return PlaybookHistory(*_runs(playbook), *_servers(playbook))


def _runs(playbook: Playbook) -> tuple[list[RunRecord], bool]:
    newest = list(Run.objects.filter(playbook=playbook).order_by("-id").values(*COLUMNS)[:RUNS])
    counts = _counts(playbook, newest[:STRIP][-1]["pk"]) if newest else {}
    return [_record(row, counts.get(row["pk"])) for row in newest], len(newest) == RUNS


def _counts(playbook: Playbook, oldest: int) -> dict[int, Counter[str]]:
    """{run id: {status: number of jobs}}.

    With thousands of servers per run, only for runs that lie wholly within the newest JOBS jobs.
    """
    jobs = Job.objects.filter(playbook=playbook)
    # Skips within an index that holds nothing but keys.
    beyond = list(jobs.order_by("-id").values_list("pk", flat=True)[JOBS : JOBS + 1])
    if beyond:
        oldest = max(oldest, Job.objects.values_list("run_id", flat=True).get(pk=beyond[0]) + 1)
        jobs = jobs.filter(pk__gt=beyond[0])
    counted = jobs.filter(run_id__gte=oldest).order_by().values("run_id", "status")
    counts: dict[int, Counter[str]] = {}
    for row in counted.annotate(count=Count("id")):
        counts.setdefault(row["run_id"], Counter())[row["status"]] = row["count"]
    return counts


def _record(row: Any, counts: Counter[str] | None) -> RunRecord:
    whole = row["started_at"] and row["finished_at"]
    return RunRecord(
        pk=row["pk"],
        created_at=row["created_at"],
        outcome=row["outcome"] or row["state"],
        servers=None if counts is None else counts.total(),
        failed=None if counts is None else counts[Job.Status.FAILED],
        launched_by_id=row["launched_by_id"],
        duration=row["finished_at"] - row["started_at"] if whole else None,
    )


def _servers(playbook: Playbook) -> tuple[list[Job], int]:
    """The newest job on each server, newest first, and the number of servers not shown."""
    newest = Job.objects.filter(playbook=playbook).order_by("-id").values_list("server_id", "pk")
    latest: dict[int, int] = {}
    for server_id, pk in newest[:JOBS_FOR_SERVERS]:
        latest.setdefault(server_id, pk)
    shown = list(latest.values())[:SERVERS]
    jobs = Job.objects.filter(pk__in=shown).prefetch_related("server").order_by("-id")
    return list(jobs), len(latest) - len(shown)
