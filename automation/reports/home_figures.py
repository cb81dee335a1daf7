"""What the home page shows of the last days: the chart, how each playbook does, and how the newest
job on each server stands. That takes a while with a million jobs."""

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
# From the bottom of a bar to its top.
STACK = (Job.Status.SUCCESS, Job.Status.SKIPPED, Job.Status.CANCELLED, Job.Status.FAILED)
# The most urgent first; "none": nothing has run there.
RESULTS = ("failed", "cancelled", "running", "pending", "success", "skipped", "none")
# Of a sparkline, in its own units.
WIDTH, HEIGHT = 100, 24


def figures() -> dict[str, Any]:
    return {**job_numbers(), **environments(), **playbooks()}


def is_new(figures: Mapping[str, Any]) -> bool:
    """Whether there is hardly anything yet."""
    return not (figures["environments"] and figures["records"])


# --- The last days --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slice:
    """One outcome's part of one day's bar; `share` in percent of the highest bar, and `top` how
    far down from there it begins."""

    status: str
    count: int
    top: float
    share: float
    url: str


@dataclass(frozen=True)
class DayBar:
    """One day of the chart, with a part for each outcome."""

    date: date
    total: int
    parts: list[Slice]
    url: str

    @property
    def words(self) -> str:
        """What a screen reader says of the bar."""
        counts = ", ".join(f"{part.count} {part.status}" for part in self.parts)
        return f"{self.date:%d %b}: {counts or 'no jobs'}"


def job_numbers(at: datetime | None = None) -> dict[str, Any]:
    """The chart of the last days, and the jobs by status over the same time: one query."""
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
    """Active servers by environment and by how the newest job on them stands; inactive ones."""
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
    """By environment: how many active servers' newest job stands how."""
    found: dict[str, dict[str, int]] = {}
    for name, status, count in _newest_jobs():
        if status:
            found.setdefault(name, {})[status] = count
    return found


def _newest_jobs() -> Iterable[tuple[str, str | None, int]]:
    """(environment, status, how many). MariaDB leaps from server to server in the index, and is
    slow at one question a server; SQLite would read the whole index, and is quick at those."""
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
    """How a playbook's last runs went. `line` and `failures` draw them: "0,24 2,20 …" and the
    places of those that failed."""

    last: LastRuns
    url: str
    succeeded_url: str
    line: str
    failures: list[str]

    @property
    def rate(self) -> int:
        """In percent, and 100 only where all went well."""
        count = len(self.last.ends)
        return 100 * self.last.succeeded // count if count else 0

    @property
    def words(self) -> str:
        seconds = self.last.seconds
        if not seconds:
            return "No finished runs"
        return f"From {min(seconds):.0f} s to {max(seconds):.0f} s, {len(self.failures)} failed"


def playbooks() -> dict[str, Any]:
    """Those that ran most lately, and how: three queries."""
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
    # Those that ended without having begun are none of them, nor those that no play was for.
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
