"""What the home page shows, each number with the list that it counts."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, Q, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from automation.models import Job, Playbook, Run, Worker
from automation.playbook_files import BUILTIN
from inventory.models import Server
from tickets.models import Ticket

DAYS = 14
SHOWN = 8
# From the bottom of a bar to its top.
STACK = (Job.Status.SUCCESS, Job.Status.CANCELLED, Job.Status.FAILED)


def jobs_url(
    status: str = "", start: datetime | None = None, end: datetime | None = None, **filters: Any
) -> str:
    """The list of jobs, filtered as its own filters would."""
    query: dict[str, Any] = {"status__exact": status} if status else {}
    for name, moment in (("from", start), ("to", end)):
        if moment is not None:
            local = timezone.localtime(moment)
            query[f"created_at_{name}_0"] = f"{local:%Y-%m-%d}"
            query[f"created_at_{name}_1"] = f"{local:%H:%M:%S}"
    return f"{reverse('admin:automation_job_changelist')}?{urlencode({**query, **filters})}"


@dataclass(frozen=True)
class Part:
    """One outcome's part of one day's bar; `share` in percent of the highest bar."""

    status: str
    count: int
    share: float
    url: str


@dataclass(frozen=True)
class Day:
    date: date
    total: int
    parts: list[Part]
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


def _day(day: date, counts: dict[tuple[date, str], int], total: int, highest: int) -> Day:
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    parts = [
        Part(status, count, 100 * count / highest, jobs_url(status, start, end))
        for status in STACK
        if (count := counts.get((day, status), 0))
    ]
    return Day(day, total, parts, jobs_url("", start, end))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def activity(at: datetime | None = None) -> dict[str, Any]:
    """What runs, what waits, what failed in the last 24 hours: how many, and the latest."""
    now = at or timezone.now()
    since = (now - timedelta(hours=24)).replace(microsecond=0)
    running, pending = Q(status=Job.Status.RUNNING), Q(status=Job.Status.PENDING)
    failed = Q(status=Job.Status.FAILED, created_at__gte=since)
    counts = Job.objects.filter(running | pending | failed).aggregate(
        running_count=Count("id", filter=running),
        pending_count=Count("id", filter=pending),
        failed_count=Count("id", filter=failed),
        oldest=Min("created_at", filter=pending),
    )
    oldest = counts.pop("oldest")
    lists = {
        "running": list(Job.objects.filter(running).order_by("-id")[:SHOWN]),
        "failed": list(Job.objects.filter(failed).order_by("-created_at", "-id")[:SHOWN]),
    }
    # For both lists at once, and not as a join: see JobQuerySet.recent.
    prefetch_related_objects([*lists["running"], *lists["failed"]], "playbook", "server", "user")
    return {
        **counts,
        **lists,
        "oldest_waits": oldest and now - oldest,
        "running_url": jobs_url(Job.Status.RUNNING),
        "pending_url": jobs_url(Job.Status.PENDING),
        "failed_url": jobs_url(Job.Status.FAILED, since),
    }


def living_workers() -> dict[str, Any]:
    """How many worker processes live, and how long ago the latest was heard of."""
    beats = Worker.objects.alive().values_list("host", "pid", "seen_at")
    of_runs = (
        Run.objects.beating().order_by().values_list("worker_host", "worker_pid", "heartbeat_at")
    )
    seen = list(beats.union(of_runs))
    latest = max((at for _host, _pid, at in seen), default=None)
    return {
        "workers": len({(host, pid) for host, pid, _at in seen}),
        "worker_seen": latest and timezone.now() - latest,
    }


def open_tickets(user: User) -> dict[str, Any]:
    unresolved = Ticket.objects.unresolved()
    counts = unresolved.aggregate(
        all=Count("id"),
        urgent=Count("id", filter=Q(priority__in=Ticket.URGENT)),
        mine=Count("id", filter=Q(assigned_to=user)),
    )
    tickets_url = reverse("admin:tickets_ticket_changelist")
    return {
        "ticket_counts": counts,
        "tickets": Ticket.objects.queue().select_related("assigned_to")[:SHOWN],
        "tickets_url": f"{tickets_url}?queue=unresolved",
        "my_tickets_url": f"{tickets_url}?queue=mine",
        "urgent_url": f"{tickets_url}?queue=urgent",
    }


def environments() -> dict[str, Any]:
    """Servers by environment: (name, active, inactive, URL)."""
    rows = (
        Server.objects.order_by("environment")
        .values("environment")
        .annotate(
            active=Count("id", filter=Q(is_active=True)),
            inactive=Count("id", filter=Q(is_active=False)),
        )
    )
    servers_url = reverse("admin:inventory_server_changelist")
    return {
        "environments": [
            {
                **row,
                "url": f"{servers_url}?{urlencode({'environment': row['environment']})}",
            }
            for row in rows
        ],
        "servers_url": servers_url,
    }


def own_playbooks_exist() -> bool:
    """Whether any playbook is registered besides those that InfraOps brings."""
    return Playbook.objects.exclude(file_path__startswith=BUILTIN).exists()
