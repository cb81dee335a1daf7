"""Figures about runs and workers for the home page, as of now, with links to what they count.

Slower figures are in home_figures.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.signed_in import signed_in
from automation.content.playbook_files import BUILTIN
from automation.models import Job, Playbook, Run, Worker

from .list_links import jobs_url, runs_url
from .own_runs import last_runs_of
from .run_servers import attach_where
from .run_summary import Progress, progress_of

SHOWN = 8


def this_moment(request: HttpRequest, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures that are counted for every request; `figures` are those of home_figures."""
    return {
        **living_workers(),
        **activity(),
        **running_now(running_runs(), figures["usual"]),
        "own_runs": last_runs_of(signed_in(request)),
    }


def activity(at: datetime | None = None) -> dict[str, Any]:
    """Numbers of running and pending jobs, and of those that failed in the last 24 hours."""
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
    """A running run, with `where`, and its progress."""

    run: Run
    progress: Progress | None


def running_runs() -> list[Run]:
    """The newest running runs. There are few, as each occupies a worker."""
    related = Run.objects.running().select_related("playbook", "launched_by", "cancelled_by")
    return list(related.order_by("-id")[:SHOWN])


def running_now(runs: list[Run], usual: Mapping[int, timedelta | None]) -> dict[str, Any]:
    """Running runs with their servers. `usual`: {playbook id: usual duration}."""
    attach_where(runs)
    return {
        "running": [Running(run, progress_of(run, usual.get(run.playbook_id))) for run in runs],
        "runs_url": runs_url(state__exact=Run.State.RUNNING),
    }


def living_workers() -> dict[str, Any]:
    """The number of live worker processes, and the time since the latest heartbeat."""
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


def own_playbooks_exist() -> bool:
    """True if any playbook is registered besides those that InfraOps brings."""
    return Playbook.objects.exclude(file_path__startswith=BUILTIN).exists()
