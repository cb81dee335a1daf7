"""What the home page shows of this moment, each number with the list that it counts. What takes
longer to count is in figures.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Min, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from automation.content.playbook_files import BUILTIN
from automation.models import Job, Playbook, Run, Worker
from automation.reports.run_summary import Progress, progress_of
from tickets.models import Ticket, urgency

SHOWN = 8
# Of tickets that are mine or nobody's: mine come first, and hardly anybody has so many.
LOOKED_AT = 60


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


def runs_url(**filters: Any) -> str:
    return f"{reverse('admin:automation_run_changelist')}?{urlencode(filters, doseq=True)}"


# --- What runs and what waits ---------------------------------------------------------------------


def activity(at: datetime | None = None) -> dict[str, Any]:
    """How many jobs run, wait and failed in the last 24 hours."""
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
    return {
        **counts,
        "oldest_waits": oldest and now - oldest,
        "running_url": jobs_url(Job.Status.RUNNING),
        "pending_url": jobs_url(Job.Status.PENDING),
        "failed_url": jobs_url(Job.Status.FAILED, since),
    }


@dataclass(frozen=True)
class Running:
    """A run that runs, on how many servers (or which one), and how far it is."""

    run: Run
    servers: int
    where: str
    progress: Progress | None


def running_runs() -> list[Run]:
    """The newest of those that run: few, as each keeps a worker busy."""
    related = Run.objects.running().select_related("playbook", "launched_by", "cancelled_by")
    return list(related.order_by("-id")[:SHOWN])


def running_now(runs: list[Run], usual: Mapping[int, timedelta | None]) -> dict[str, Any]:
    """The runs with their servers. `usual`: how long each playbook (its key) takes."""
    jobs = (
        Job.objects.filter(run__in=[run.pk for run in runs])
        .order_by()
        .values_list("run")
        .annotate(servers=Count("id"), first=Min("server__hostname"))
    )
    told = {run: (servers, first) for run, servers, first in (jobs if runs else ())}
    return {
        "running": [
            Running(run, *_where(told.get(run.pk)), progress_of(run, usual.get(run.playbook_id)))
            for run in runs
        ],
        "runs_url": runs_url(state__exact=Run.State.RUNNING),
    }


def _where(told: tuple[int, str] | None) -> tuple[int, str]:
    count, first = told or (0, "")
    return count, first if count == 1 else f"{count} servers"


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
        "workers_url": f"{reverse('admin:automation_worker_changelist')}?alive=yes",
    }


# --- What needs somebody --------------------------------------------------------------------------


def open_tickets(user: User) -> dict[str, Any]:
    """How many, and those that are this person's or nobody's."""
    nobodys = Q(assigned_to=None, occurrences__isnull=False, occurrences__cleared_at=None)
    counts = Ticket.objects.unresolved().aggregate(
        all=Count("id", distinct=True),
        urgent=Count("id", filter=Q(priority__in=Ticket.URGENT), distinct=True),
        mine=Count("id", filter=Q(assigned_to=user), distinct=True),
        nobodys=Count("id", filter=Q(assigned_to=None), distinct=True),
        jobs_of_nobody=Count("occurrences", filter=nobodys),
    )
    tickets_url = reverse("admin:tickets_ticket_changelist")
    return {
        "ticket_counts": counts,
        **_mine_and_nobodys(user),
        "tickets_url": f"{tickets_url}?queue=unresolved",
        "my_tickets_url": f"{tickets_url}?queue=mine",
        "nobodys_tickets_url": f"{tickets_url}?queue=nobody",
        "urgent_url": f"{tickets_url}?queue=urgent",
        "jobs_of_nobody_url": jobs_url(owner="nobody"),
    }


def _mine_and_nobodys(user: User) -> dict[str, list[Any]]:
    mine_first = Case(
        When(assigned_to=user, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    tickets = list(
        Ticket.objects.unresolved()
        .filter(Q(assigned_to=user) | Q(assigned_to=None))
        .select_related("job")
        .defer("description", "job__error_message")
        .annotate(failed_jobs=Count("occurrences", filter=Q(occurrences__cleared_at=None)))
        .order_by(mine_first, urgency(), "id")[:LOOKED_AT]
    )
    return {
        "mine": [ticket for ticket in tickets if ticket.assigned_to_id][:SHOWN],
        "nobodys": [ticket for ticket in tickets if not ticket.assigned_to_id][:SHOWN],
    }


def own_playbooks_exist() -> bool:
    """Whether any playbook is registered besides those that InfraOps brings."""
    return Playbook.objects.exclude(file_path__startswith=BUILTIN).exists()
