"""Track records: how runs or jobs ended, how often they succeeded, and how long they took.

Every rate, median and usual duration on pages, in the API and in reports is computed here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from statistics import median
from typing import ClassVar

from django.db.models import OuterRef, Q, Subquery

from automation.models import Job, Playbook, Run

Seconds = float

# The last runs counted for a playbook, and the last successes for a playbook on one server.
LAST_RUNS = 50
LAST_SUCCESSES = 20


def success_rate(succeeded: int, of: int) -> int | None:
    """In percent, rounded down: 100 only if all succeeded. None if there are none."""
    return 100 * succeeded // of if of else None


def median_of(durations: Iterable[Seconds | None]) -> Seconds | None:
    """The median of the known durations; None if there are none."""
    known = [seconds for seconds in durations if seconds is not None]
    return median(known) if known else None


@dataclass(frozen=True)
class TrackRecord:
    """Runs or jobs, each as (seconds, status).

    The rate is that of succeeded among succeeded and failed ones; cancelled and skipped ones do not
    count. The median is that of succeeded ones.
    """

    ends: Sequence[tuple[Seconds | None, str]]

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(status for _seconds, status in self.ends)

    @property
    def count(self) -> int:
        return len(self.ends)

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        """(status, count), most frequent first."""
        return self.counts.most_common()

    @property
    def succeeded(self) -> int:
        return self.counts[Job.Status.SUCCESS]

    @property
    def failed(self) -> int:
        return self.counts[Job.Status.FAILED]

    @property
    def decided(self) -> int:
        """How many succeeded or failed."""
        return self.succeeded + self.failed

    @property
    def success_rate(self) -> int | None:
        return success_rate(self.succeeded, self.decided)

    @property
    def median_seconds(self) -> Seconds | None:
        return median_of(seconds for seconds, status in self.ends if status == Job.Status.SUCCESS)


# --- The usual duration ---------------------------------------------------------------------------


@dataclass
class LastRuns:
    """The last ended runs of a playbook, oldest first, as (seconds, outcome).

    `first` is the id of the oldest. `skipped` is the number of further runs among them that no play
    was for; those say nothing about success or duration.
    """

    COUNTED: ClassVar = [Run.End.FAILED, Run.End.CANCELLED, Run.End.SUCCESS]

    playbook: Playbook
    first: int
    ends: list[tuple[Seconds, str]] = field(default_factory=list)
    skipped: int = 0

    @property
    def usual(self) -> timedelta | None:
        """The median duration, however they ended: for that long they keep servers busy."""
        seconds = median_of(self.seconds)
        return None if seconds is None else timedelta(seconds=seconds)

    @property
    def seconds(self) -> list[Seconds]:
        return [seconds for seconds, _outcome in self.ends]

    @property
    def succeeded(self) -> int:
        return sum(outcome == Run.End.SUCCESS for _seconds, outcome in self.ends)

    @property
    def success_rate(self) -> int | None:
        """Of all of them, including cancelled ones, to match “8 of 10” beside it."""
        return success_rate(self.succeeded, len(self.ends))


def last_runs(playbooks: Collection[int]) -> dict[int, LastRuns]:
    """{playbook id: its last runs}, for those that have ended runs. Two queries.

    Finds the start of the last fifty, then reads those: both are short walks along an index,
    however many runs there have been.
    """
    ended = Run.objects.filter(state=Run.State.FINISHED, started_at__isnull=False)
    own = ended.filter(playbook=OuterRef("pk")).order_by("-id").values("id")
    rows = Playbook.objects.filter(pk__in=playbooks).annotate(
        newest=Subquery(own[:1]), oldest=Subquery(own[LAST_RUNS - 1 : LAST_RUNS])
    )
    found = {row.pk: LastRuns(row, row.oldest or 0) for row in rows if row.newest}
    if not found:
        return {}
    among = Q()
    for pk, last in found.items():
        among |= Q(playbook=pk, id__gte=last.first)
    # No other columns: with the state, SQLite would walk all ended runs.
    columns = ("playbook_id", "started_at", "finished_at", "outcome")
    runs = Run.objects.filter(among).order_by("id").values_list(*columns)
    for pk, began, finished, outcome in runs:
        if began and finished and outcome == Run.End.SKIPPED:
            found[pk].skipped += 1
        elif began and finished:
            found[pk].ends.append(((finished - began).total_seconds(), outcome))
    return found


def usual_duration(playbook: int) -> timedelta | None:
    """The median of its last runs; None if it has none."""
    last = last_runs([playbook]).get(playbook)
    return last.usual if last else None


def usual_seconds_on(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], Seconds]:
    """{(playbook id, server id): usual seconds}, the median of the last 20 successes.

    Pairs that never succeeded are left out. One query, which reads 20 rows of an index per pair.
    """
    if not pairs:
        return {}
    seconds = defaultdict(list)
    for job in Job.objects.raw(*_last_successes(pairs)):
        if job.duration is not None:
            seconds[job.playbook_id, job.server_id].append(job.duration.total_seconds())
    return {pair: median(durations) for pair, durations in seconds.items()}


def _last_successes(pairs: Collection[tuple[int, int]]) -> tuple[str, list[int | str | None]]:
    """SQL and its parameters: for SQLite, Django cannot write a UNION of sliced queries."""
    parts: list[str] = []
    parameters: list[int | str | None] = []
    successes = Job.objects.filter(status=Job.Status.SUCCESS).order_by("-id")
    columns = ("id", "playbook_id", "server_id", "started_at", "completed_at")
    for number, (playbook, server) in enumerate(set(pairs)):
        of_pair = successes.filter(playbook=playbook, server=server).values(*columns)
        sql, given = of_pair[:LAST_SUCCESSES].query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) AS pair{number}")  # noqa: S608  (Django's own SQL)
        parameters += given
    return " UNION ALL ".join(parts), parameters
