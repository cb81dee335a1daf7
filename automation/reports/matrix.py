"""A run as a table: servers down, tasks across, and each cell the task's result on that server.

Servers may meet a run's tasks in different orders: files are included for some only, and a strategy
may let each go at its own pace. A column is the same task on all servers: the same play, name and
place, and the same occurrence of it on that server.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, Value, When

from automation.models import Job, Run, TaskResult

Status = TaskResult.Status
BAD = (Status.FAILED, Status.UNREACHABLE)
HOSTS, TASKS = 50, 25
# Jobs whose order of tasks is read; each new column was met by one of them.
WITNESSES = 50
# How long the columns are cached: an hour for an ended run, whose columns do not change; for a
# running one, ten times as long as computing them took.
ENDED_FOR, RUNNING_TIMES = 3600, 10
# Most urgent first, then successes, and last those with nothing to do.
ORDER = [
    Job.Status.FAILED,
    Job.Status.RUNNING,
    Job.Status.CANCELLED,
    Job.Status.PENDING,
    Job.Status.SUCCESS,
    Job.Status.SKIPPED,
]


class Place(NamedTuple):
    """A column's place in the play; `nth` counts a server's visits there."""

    play: str
    task: str
    path: str
    nth: int = 1


class Spot(NamedTuple):
    """A place as databases compare places: ignoring case."""

    play: str
    task: str
    path: str
    nth: int


@dataclass(frozen=True)
class MatrixColumn:
    """One task of the run; `number` counts columns from 1.

    `results`, and of these `bad` and `changed`, count servers, for all occurrences of the task
    together.
    """

    place: Place
    results: int
    bad: int
    changed: int
    number: int = 0

    @property
    def spot(self) -> Spot:
        return spot_of(*self.place)


class MatrixCell(NamedTuple):
    number: int
    status: str


@dataclass(frozen=True)
class Row:
    """One server.

    `counts` is Ansible's recap so far. `cells` are in the order of the columns, None where it did
    not come.
    """

    job: Job
    counts: dict[str, int]
    cells: list[MatrixCell | None]


def spot_of(play: str, task: str, path: str, nth: int) -> Spot:
    return Spot(play.casefold(), task.casefold(), path.casefold(), nth)


# --- Columns --------------------------------------------------------------------------------------


def columns_of(run: Run) -> list[MatrixColumn]:
    """All tasks that any server of the run has met, in play order."""
    ended = run.state == Run.State.FINISHED
    key = f"columns-of-run-{run.pk}-{run.state}"
    known = cache.get(key)
    if known is None:
        began = monotonic()
        known = _columns(TaskResult.objects.filter(job__run=run))
        took = monotonic() - began
        cache.set(key, known, ENDED_FOR if ended else RUNNING_TIMES * took)
    return known


def _columns(results: QuerySet[TaskResult]) -> list[MatrixColumn]:
    groups: list[Any] = list(
        results.order_by()
        .values("play", "task", "path")
        .annotate(
            witness=Min("job_id"),
            count=Count("id"),
            jobs=Count("job_id", distinct=True),
            bad=Count("id", filter=Q(status__in=BAD)),
            altered=Count("id", filter=Q(changed=True)),
        )
    )
    repeated = [group for group in groups if group["count"] > group["jobs"]]
    witnesses = Counter(group["witness"] for group in groups)
    witnesses.update(_most_often(results, {group["task"] for group in repeated}))
    by_spot = {_group_spot(group): group for group in groups}
    columns: list[MatrixColumn] = []
    for place in in_order(_sequences([job for job, _ in witnesses.most_common(WITNESSES)])):
        group = by_spot.get(spot_of(*place[:3], 1))
        if group is not None:
            told = group["count"], group["bad"], group["altered"]
            columns.append(MatrixColumn(place, *told, number=len(columns) + 1))
    return columns


def _group_spot(group: dict[str, Any]) -> Spot:
    return spot_of(group["play"], group["task"], group["path"], 1)


def _most_often(results: QuerySet[TaskResult], tasks: set[str]) -> list[int]:
    """For each place that a server meets repeatedly, the job that meets it most often."""
    if not tasks:
        return []
    counts = (
        results.filter(task__in=tasks)
        .order_by()
        .values_list("job_id", "play", "task", "path")
        .annotate(count=Count("id"))
    )
    most: dict[Spot, tuple[int, int]] = {}
    for job, play, task, path, count in counts:
        spot = spot_of(play, task, path, 1)
        most[spot] = max(most.get(spot, (0, 0)), (count, -job))
    return [-job for _count, job in most.values()]


def _sequences(jobs: list[int]) -> Iterable[list[Place]]:
    """The places that each job met, in its own order."""
    found: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    results = TaskResult.objects.filter(job_id__in=jobs).order_by("job_id", "number")
    for job, *place in results.values_list("job_id", "play", "task", "path"):
        found[job].append((place[0], place[1], place[2]))
    return [number_repeats(found[job]) for job in jobs]


def number_repeats(places: Iterable[tuple[str, str, str]]) -> list[Place]:
    """Each place with its occurrence number."""
    times: Counter[Spot] = Counter()
    told = []
    for play, task, path in places:
        times[spot_of(play, task, path, 1)] += 1
        told.append(Place(play, task, path, times[spot_of(play, task, path, 1)]))
    return told


def in_order(sequences: Iterable[Sequence[Place]]) -> list[Place]:
    """Merge several orders into one: a new place goes right after the one that preceded it."""
    order: list[Place] = []
    known: dict[Spot, Place] = {}
    for sequence in sequences:
        before = 0
        for place in sequence:
            spot = spot_of(*place)
            if spot not in known:
                known[spot] = place
                order.insert(before, place)
            before = order.index(known[spot]) + 1
    return order


# --- Rows -----------------------------------------------------------------------------------------


def jobs_of(run: Run, status: str = "") -> QuerySet[Job]:
    """A run's jobs, those that need attention first."""
    ranks = (When(status=status, then=Value(rank)) for rank, status in enumerate(ORDER))
    jobs = run.jobs.filter(status=status) if status else run.jobs.all()
    # Not by name: MariaDB would start from the servers, all ten thousand of them.
    return jobs.order_by(Case(*ranks, output_field=IntegerField()), "id")


def rows_of(jobs: Sequence[Job], columns: Sequence[MatrixColumn]) -> list[Row]:
    """The jobs with their cells in these columns. Two queries, however many there are."""
    cells = _cells(jobs, columns)
    # Until the play has ended, there is no recap.
    counts = TaskResult.objects.counts_by_job([job.pk for job in jobs if not job.counts])
    spots = [column.spot for column in columns]
    return [
        Row(
            job,
            job.counts or counts.get(job.pk, {}),
            [cells.get((job.pk, spot)) for spot in spots],
        )
        for job in jobs
    ]


def _cells(
    jobs: Sequence[Job], columns: Sequence[MatrixColumn]
) -> dict[tuple[int, Spot], MatrixCell]:
    results = (
        TaskResult.objects.filter(
            job_id__in=[job.pk for job in jobs],
            task__in={column.place.task for column in columns},
        )
        .order_by("job_id", "number")
        .values_list("job_id", "number", "play", "task", "path", "status")
    )
    cells: dict[tuple[int, Spot], MatrixCell] = {}
    times: Counter[tuple[int, Spot]] = Counter()
    for job, number, play, task, path, status in results:
        spot = spot_of(play, task, path, 1)
        times[job, spot] += 1
        cells[job, spot._replace(nth=times[job, spot])] = MatrixCell(number, status)
    return cells
