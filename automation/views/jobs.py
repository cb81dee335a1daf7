"""A job's page: its state, its log, its tasks. The list of jobs is in admin/jobs.py."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from automation.models import Job, TaskResult
from automation.models.results import RECAP
from automation.reports.job_state import header_of
from inventory.models import ServerFacts

from .logs import job_log_window, number_in, viewers_only
from .runs import cancel, cancellers_only, relaunching_of

TASKS_AT_ONCE = 500


@require_safe
@viewers_only
def job_detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The page of a job, with its log around the failure or at its end, and its first tasks."""
    job = get_object_or_404(Job.objects.for_page(), job_id=job_id)
    header = header_of(job)
    context = {
        **admin.site.each_context(request),
        **header,
        **relaunching_of(request, job.run, job),
        "log": {**job_log_window(job, header["failing_line"]), **_state_of_log(header)},
        **_tasks_of(request, job),
        "model_admin": admin.site.get_model_admin(Job),
        "facts": ServerFacts.objects.filter(server=job.server_id).first(),
    }
    return TemplateResponse(request, "automation/jobs/job_detail.html", context)


@require_safe
@viewers_only
def job_tasks(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Up to 500 task results, selected as on the page."""
    job = get_object_or_404(Job, job_id=job_id)
    return TemplateResponse(request, "automation/jobs/_job_tasks.html", _tasks_of(request, job))


@require_safe
@viewers_only
def job_task(request: HttpRequest, job_id: UUID, number: int) -> HttpResponse:
    """One task's whole result, which the job's page fetches when it is opened."""
    found = TaskResult.objects.select_related("job__playbook", "job__server", "job__run")
    task = get_object_or_404(found, job__job_id=job_id, number=number)
    after = f"?after={task.number - 1}" if task.number > TASKS_AT_ONCE else ""
    context = {
        **admin.site.each_context(request),
        "title": f"Task {task.number} · {task.job}",
        "task": task,
        "about": task.job,
        "back": f"{task.job.get_absolute_url()}{after}#T{task.number}",
        "back_label": "Back to the job",
    }
    return TemplateResponse(request, "automation/jobs/task_result.html", context)


@require_POST
@cancellers_only
def job_cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Cancel the job's whole run; for production, ask first."""
    job = get_object_or_404(Job.objects.for_page(), job_id=job_id)
    return cancel(request, job, job.run)


def _state_of_log(header: dict[str, Any]) -> dict[str, Any]:
    return {name: header[name] for name in ("state", "failing_line")}


def _tasks_of(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Task results for the page.

    `?result=changed` selects those that the recap counts so, `?order=slowest` sorts by duration,
    `?after=N` continues after number N.
    """
    result, order = request.GET.get("result", ""), request.GET.get("order", "")
    result = result if result in RECAP else ""
    after = number_in(request, "after")
    of_job = job.task_results.for_list()
    chosen = of_job.counted_as(result) if result else of_job
    if is_slowest := order == "slowest":
        tasks = chosen.slowest_first(TASKS_AT_ONCE)
    else:
        tasks = list(chosen.filter(number__gt=after).order_by("number")[:TASKS_AT_ONCE])
    return {
        "job": job,
        "tasks": tasks,
        "tasks_after": 0 if is_slowest else after,
        "last_number": tasks[-1].number if tasks else after,
        "more_tasks": len(tasks) == TASKS_AT_ONCE,
        "result": result,
        "is_slowest": is_slowest,
        "tasks_query": urlencode({"result": result, "order": "slowest" if is_slowest else ""}),
        # Ansible's counts come at the end; until then, or if it never gets there, we count.
        "counts": job.counts or (of_job.counts() if job.status != Job.Status.PENDING else {}),
        "longest": of_job.aggregate(longest=Max("duration"))["longest"],
    }
