"""Slower figures for the home page: the chart, track records, the newest job on each server.

With a million jobs they take a while.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Max, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from automation.models import Job, Run
from inventory.models import Server

from .list_links import jobs_url, runs_url
from .track_record import LastRuns, last_runs

DAYS, PLAYBOOKS, RECENT_RUNS = 14, 10, 500
# Order of the parts of a bar, from bottom to top.
STACK = (Job.Status.SUCCESS, Job.Status.SKIPPED, Job.Status.CANCELLED, Job.Status.FAILED)
# Most urgent first; "none": nothing has run there.
RESULTS = ("failed", "cancelled", "running", "pending", "success", "skipped", "none")
# Of a sparkline, in its own units.
WIDTH, HEIGHT = 100, 24


def figures() -> dict[str, Any]:
    return {**job_numbers(), **environments(), **playbooks()}


def is_new(figures: Mapping[str, Any]) -> bool:
    """True if there is hardly any data yet."""
    return not (figures["environments"] and figures["records"])


# --- The last days --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slice:
    """One status in a day's bar.

    `share` is its height and `top` its distance from the top, both in percent of the highest bar.
    """

    status: str
    count: int
    top: float
    share: float
    url: str


@dataclass(frozen=True)
class DayBar:
    """One day of the chart, with a slice per status."""

    date: date
    total: int
    parts: list[Slice]
    url: str

    @property
    def words(self) -> str:
        """The bar in words, for screen readers."""
        counts = ", ".join(f"{part.count} {part.status}" for part in self.parts)
        return f"{self.date:%d %b}: {counts or 'no jobs'}"


def job_numbers(at: datetime | None = None) -> dict[str, Any]:
    """The chart of the last days, and job counts by status for the same time. One query."""
    counts = Job.objects.per_day(DAYS, at)
    today = timezone.localdate(at)
    dates = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    totals = {day: sum(counts.get((day, status), 0) for status in STACK) for day in dates}
    highest = max([1, *totals.values()])
    start = _midnight(dates[0])
    by_status = [
        (
            status,
            sum(count for (_, each), count in counts.items() if each == status),
            jobs_url(status, start),
        )
        for status in Job.Status.values
    ]
    chart = [_day(day, counts, totals[day], highest) for day in dates]
    return {"chart": chart, "highest": highest, "jobs_by_status": by_status, "days": DAYS}


def _day(day: date, counts: dict[tuple[date, str], int], total: int, highest: int) -> DayBar:
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    parts, top = [], 100.0
    for status in STACK:
        if count := counts.get((day, status), 0):
            share = 100 * count / highest
            top -= share
            parts.append(Slice(status, count, top, share, jobs_url(status, start, end)))
    return DayBar(day, total, parts, jobs_url("", start, end))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# --- Servers by environment -----------------------------------------------------------------------


def environments() -> dict[str, Any]:
    """Active servers by environment and status of their newest job, and inactive ones."""
    rows = Server.objects.order_by("environment").values_list("environment", "is_active")
    counts: dict[str, dict[bool, int]] = {}
    for name, is_active, count in rows.annotate(count=Count("id")):
        counts.setdefault(name, {})[is_active] = count
    results = _last_results()
    servers_url = reverse("admin:inventory_server_changelist")
    return {
        "environments": [
            _environment(name, counts[name], results.get(name, {}), servers_url) for name in counts
        ],
        "servers_url": servers_url,
    }


def _last_results() -> dict[str, dict[str, int]]:
    """{environment: {status of the newest job: number of active servers}}."""
    found: dict[str, dict[str, int]] = {}
    for name, status, count in _newest_jobs():
        if status:
            found.setdefault(name, {})[status] = count
    return found


def _newest_jobs() -> Iterable[tuple[str, str | None, int]]:
    """(environment, status, count).

    MariaDB skips from server to server in the index but is slow at one subquery per server; SQLite
    would read the whole index but is fast at subqueries.
    """
    if connection.vendor == "sqlite":
        newest = Job.objects.filter(server=OuterRef("pk")).order_by("-id").values("status")[:1]
        servers = Server.objects.active().order_by().annotate(newest=Subquery(newest))
        return servers.values_list("environment", "newest").annotate(count=Count("id"))
    last = Job.objects.order_by().values("server").annotate(last=Max("id")).values("last")
    jobs = Job.objects.filter(pk__in=last, server__is_active=True).order_by()
    return jobs.values_list("server__environment", "status").annotate(count=Count("id"))


def _environment(
    name: str, counts: dict[bool, int], results: dict[str, int], servers_url: str
) -> dict[str, Any]:
    url = f"{servers_url}?{urlencode({'environment': name})}"
    active = counts.get(True, 0)
    told = {**results, "none": active - sum(results.values())}
    return {
        "environment": name,
        "active": active,
        "inactive": counts.get(False, 0),
        "url": url,
        "results": [
            (result, told[result], f"{url}&is_active__exact=1&last_job={result}")
            for result in RESULTS
            if told.get(result)
        ],
    }


# --- Playbooks ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """How a playbook's last runs went.

    `line` and `failures` draw the sparkline: "0,24 2,20 …", and the points of failed runs.
    """

    last: LastRuns
    url: str
    succeeded_url: str
    line: str
    failures: list[str]

    @property
    def words(self) -> str:
        seconds = self.last.seconds
        if not seconds:
            return "No finished runs"
        return f"From {min(seconds):.0f} s to {max(seconds):.0f} s, {len(self.failures)} failed"


def playbooks() -> dict[str, Any]:
    """The playbooks that ran most recently, with their records. Three queries."""
    recent = Run.objects.order_by("-id").values_list("playbook", "state")[:RECENT_RUNS]
    states = list(recent)
    shown = list(dict.fromkeys(playbook for playbook, _state in states))[:PLAYBOOKS]
    running = [playbook for playbook, state in states if state == Run.State.RUNNING]
    asked = list(dict.fromkeys([*shown, *running]))
    known = last_runs(asked) if asked else {}
    return {
        "records": [_record(known[pk]) for pk in shown if pk in known and known[pk].ends],
        "usual": {pk: last.usual for pk, last in known.items()},
    }


def _record(last: LastRuns) -> Record:
    filters = {"playbook__id__exact": last.playbook.pk, "state__exact": Run.State.FINISHED}
    # Exclude runs that ended without starting, and those that no play was for.
    filters |= {"id__gte": last.first, "started_at__isnull": "False"}
    counted = {"outcome__exact": last.COUNTED} if last.skipped else {}
    longest = max([*last.seconds, 0.001])
    step = WIDTH / max(1, len(last.ends) - 1)
    points = [
        (round(number * step, 1), round(HEIGHT - 2 - (HEIGHT - 4) * seconds / longest, 1), outcome)
        for number, (seconds, outcome) in enumerate(last.ends)
    ]
    return Record(
        last,
        runs_url(**filters, **counted),
        runs_url(**filters, outcome__exact=Run.End.SUCCESS),
        " ".join(f"{x},{y}" for x, y, _outcome in points),
        [str(min(x, WIDTH - 2)) for x, _y, outcome in points if outcome == Run.End.FAILED],
    )
