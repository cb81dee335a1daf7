"""One page of a run's table, with links to the rest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.db.models import prefetch_related_objects

from automation.models import Job, Run
from automation.models.results import RECAP

from .matrix import HOSTS, TASKS, MatrixColumn, Row, columns_of, jobs_of, rows_of

# Counts shown for every server, even if zero.
SHOWN = ("ok", "changed", "failed", "skipped", "unreachable")
# Results by which tasks can be chosen.
RESULTS = ("failed", "changed")


@dataclass(frozen=True)
class Asked:
    """What the URL asks for.

    Servers by job status, tasks by part of their name or by result ("failed", "changed"), and the
    page of each.
    """

    status: str = ""
    task: str = ""
    only: str = ""
    hosts: int = 1
    tasks: int = 1

    @classmethod
    def of(cls, query: Any) -> Asked:
        """From the URL's parameters. Invalid ones are ignored: the URL may be old."""
        status, only = query.get("status", ""), query.get("only", "")
        return cls(
            status if status in Job.Status.values else "",
            query.get("task", "").strip()[:255],
            only if only in RESULTS else "",
            _page(query.get("hosts", "")),
            _page(query.get("tasks", "")),
        )

    def url(self, **changes: Any) -> str:
        """The URL of this page with changes. A new filter resets its own page number."""
        asked = {"status": self.status, "task": self.task, "only": self.only}
        pages = {"hosts": self.hosts, "tasks": self.tasks}
        if "status" in changes:
            del pages["hosts"]
        if {"task", "only"} & set(changes):
            del pages["tasks"]
        given = {name: value for name, value in {**asked, **pages, **changes}.items() if value}
        query = {name: value for name, value in given.items() if value != 1}
        return f"?{urlencode(query)}#matrix"


@dataclass(frozen=True)
class Stretch:
    """A page of rows or columns: from `first` to `last` of `total`, with links to the others."""

    number: int
    first: int
    last: int
    total: int
    previous: str = ""
    next: str = ""


@dataclass(frozen=True)
class MatrixTable:
    """The page of the table; `plays` are (name, number of columns it spans)."""

    asked: Asked
    rows: list[Row]
    columns: list[MatrixColumn]
    plays: list[tuple[str, int]]
    hosts: Stretch
    tasks: Stretch
    failing: int
    changing: int
    known_tasks: int
    results: int


def table_of(run: Run, asked: Asked, counts: dict[str, int]) -> MatrixTable:
    """The requested page of the table. `counts`: {status: number of the run's jobs}."""
    every = columns_of(run)
    chosen = [column for column in every if _is_wanted(column, asked)]
    tasks = _stretch(asked, "tasks", TASKS, len(chosen))
    columns = chosen[tasks.first - 1 : tasks.last] if chosen else []
    total = counts.get(asked.status, 0) if asked.status else sum(counts.values())
    hosts = _stretch(asked, "hosts", HOSTS, total)
    jobs = list(jobs_of(run, asked.status)[max(0, hosts.first - 1) : hosts.last])
    prefetch_related_objects(jobs, "server")
    plays = [(play, len(list(same))) for play, same in groupby(columns, lambda c: c.place.play)]
    return MatrixTable(
        asked,
        rows_of(jobs, columns),
        columns,
        plays,
        hosts,
        tasks,
        sum(column.bad > 0 for column in every),
        sum(column.changed > 0 for column in every),
        len(every),
        sum(column.results for column in every if column.place.nth == 1),
    )


def _is_wanted(column: MatrixColumn, asked: Asked) -> bool:
    if (asked.only == "failed" and not column.bad) or (
        asked.only == "changed" and not column.changed
    ):
        return False
    return asked.task.casefold() in column.place.task.casefold()


def _stretch(asked: Asked, name: str, size: int, total: int) -> Stretch:
    pages = max(1, -(-total // size))
    number = min(getattr(asked, name), pages)
    return Stretch(
        number,
        (number - 1) * size + 1 if total else 0,
        min(number * size, total),
        total,
        asked.url(**{name: number - 1}) if number > 1 else "",
        asked.url(**{name: number + 1}) if number < pages else "",
    )


def _page(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return max(1, number)


# --- Links ----------------------------------------------------------------------------------------


def count_links(row: Row, results_url: str) -> list[tuple[str, int, str]]:
    """(name, count, link to the counted results) for the server."""
    shown = [*SHOWN, *(name for name in ("rescued", "ignored") if row.counts.get(name))]
    return [(name, row.counts.get(name, 0), _results(row.job, name, results_url)) for name in shown]


def _results(job: Job, name: str, results_url: str) -> str:
    statuses, more = RECAP[name]
    query: list[tuple[str, Any]] = [("job__id__exact", job.pk)]
    query += [("status__exact", status) for status in statuses]
    query += [(f"{column}__exact", int(value)) for column, value in more.items()]
    return f"{results_url}?{urlencode(query)}"
