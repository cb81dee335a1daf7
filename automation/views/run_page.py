"""A run's page: its state, and its servers by tasks."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from automation.models import HostResult, Run
from automation.models.runs import WHY_UNMASKED
from automation.models.waiting import why_it_waits
from automation.reports.job_state import given_options
from automation.reports.matrix_page import Asked, count_links, table_of
from automation.reports.other_hosts import other_hosts_of
from automation.reports.run_summary import RunSummary, progress_of, summarize_run
from automation.reports.track_record import usual_duration
from inventory.choosing import describe_choice

from .run_logs import run_log_window
from .runs import relaunching_of

viewers_only = permission_required("automation.view_run", raise_exception=True)


@require_safe
@viewers_only
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a run, with its servers by tasks and the end of its log."""
    context = {
        **admin.site.each_context(request),
        **_shown(request, pk),
        "model_admin": admin.site.get_model_admin(Run),
    }
    context["log"] = run_log_window(context["run"])
    return TemplateResponse(request, "automation/runs/run_detail.html", context)


@require_safe
@viewers_only
def run_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part of the page: header and table as they are now."""
    return TemplateResponse(request, "automation/runs/_run_live.html", _shown(request, pk))


@require_safe
@viewers_only
def run_host_task(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One task's whole result on a host that has no job."""
    found = HostResult.objects.select_related("run__playbook")
    task = get_object_or_404(found, run=pk, number=number)
    context = {
        **admin.site.each_context(request),
        "title": f"{task.task} · {task.host} · {task.run}",
        "task": task,
        "about": f"{task.run} on {task.host}",
        "back": f"{task.run.get_absolute_url()}#other-hosts",
        "back_label": "Back to the run",
    }
    return TemplateResponse(request, "automation/jobs/task_result.html", context)


def _shown(request: HttpRequest, pk: int) -> dict[str, Any]:
    related = ("playbook", "launched_by", "cancelled_by", "credential")
    # Read the run first: then whatever was written before it ended is in the table.
    run = get_object_or_404(Run.objects.select_related(*related), pk=pk)
    relaunching = relaunching_of(request, run)
    summary = summarize_run(relaunching["run_servers"])
    return {
        **_header(run, summary),
        **relaunching,
        **_table(request, run, summary),
        "other_hosts": other_hosts_of(run),
    }


def _header(run: Run, summary: RunSummary) -> dict[str, Any]:
    is_running = run.state == Run.State.RUNNING
    waits_for = why_it_waits(run) if run.state == Run.State.PENDING else []
    servers = f"{summary.jobs} server{'' if summary.jobs == 1 else 's'}"
    jobs_url = f"{reverse('admin:automation_job_changelist')}?run__id__exact={run.pk}"
    return {
        "title": f"{run.status.capitalize()} · {run.playbook} on {servers}",
        "heading": f"Run {run.pk} · {run.playbook} on {servers}",
        "servers": servers,
        "waits_for": waits_for,
        "summary": summary,
        "progress": progress_of(run, usual_duration(run.playbook_id) if is_running else None),
        "chosen_by": describe_choice(run.chosen_by),
        "options": given_options(run),
        "variables": run.masked_extra_vars.items(),
        "jobs_url": jobs_url,
        "is_active": run.state != Run.State.FINISHED,
        "why_unmasked": WHY_UNMASKED,
        "artifacts": run.artifacts.all() if run.artifact_count else [],
    }


def _table(request: HttpRequest, run: Run, summary: RunSummary) -> dict[str, Any]:
    asked = Asked.of(request.GET)
    table = table_of(run, asked, summary.counts)
    results_url = reverse("admin:automation_taskresult_changelist")
    return {
        "table": table,
        "lines": [(row, count_links(row, results_url)) for row in table.rows],
        "legend": [
            (status, count, asked.url(status=status)) for status, count in summary.counts.items()
        ],
        "links": {
            "all": asked.url(status=""),
            "every_task": asked.url(task="", only=""),
            "failed_tasks": asked.url(only="failed"),
            "changed_tasks": asked.url(only="changed"),
        },
    }
