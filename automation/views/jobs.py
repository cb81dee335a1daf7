"""A job's own page with its live log and its tasks. Lists of jobs are the admin's."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from automation.advice import ADVICE
from automation.ansi import plain
from automation.models import Job, JobLog, TaskResult

from .runs import cancel, cancellers_only, given_options, reasons_to_wait, relaunching_of

LINES_AT_ONCE = 500
LINES_IN_A_CHUNK = 2000
TASKS_AT_ONCE = 500

viewers_only = permission_required("automation.view_job", raise_exception=True)


@require_safe
@viewers_only
def job_detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The page of one job, with the end of its log; the rest comes as fragments."""
    job = get_object_or_404(Job.objects.for_page(), job_id=job_id)
    lines = job.lines_before(None, LINES_AT_ONCE)
    context = {
        **admin.site.each_context(request),
        **state_of(job),
        **_tasks_of(job, 0),
        "model_admin": admin.site.get_model_admin(Job),
        "lines": lines,
        "first": lines[0].line_number if lines else 0,
        "last": lines[-1].line_number if lines else 0,
    }
    return TemplateResponse(request, "automation/job_detail.html", context)


@require_safe
@viewers_only
def job_lines(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Up to 500 lines after `?after=N` or before `?before=N`, and the job's state when it is not
    the one that the page has (`?state=`)."""
    # The job first: whatever was written before it ended is then among the lines.
    job = get_object_or_404(Job.objects.for_page(), job_id=job_id)
    if before := _number(request, "before"):
        lines = job.lines_before(before, LINES_AT_ONCE)
    else:
        lines = list(job.lines(_number(request, "after"), LINES_AT_ONCE))
    state = state_of(job)
    context = {
        **state,
        "lines": lines,
        "changed": request.GET.get("state") != state["state"],
        "more": len(lines) == LINES_AT_ONCE,
    }
    return TemplateResponse(request, "automation/_job_lines.html", context)


@require_safe
@viewers_only
def job_tasks(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Up to 500 results of tasks after `?after=N`."""
    job = get_object_or_404(Job, job_id=job_id)
    context = {"job": job, **_tasks_of(job, _number(request, "after"))}
    return TemplateResponse(request, "automation/_job_tasks.html", context)


@require_POST
@cancellers_only
def job_cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    return cancel(request, get_object_or_404(Job.objects.for_page(), job_id=job_id))


@require_safe
@viewers_only
def job_log_download(request: HttpRequest, job_id: UUID) -> StreamingHttpResponse:
    """The whole log as text; with `?ansi=1` as it was printed, colours and all."""
    job = get_object_or_404(Job, job_id=job_id)
    as_printed = request.GET.get("ansi") == "1"
    text = (line if as_printed else plain(line) for line in _every_line(job))
    response = StreamingHttpResponse(
        (f"{line}\n" for line in text), content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="job-{job.job_id}.log"'
    return response


# --- What the pages show --------------------------------------------------------------------------


def state_of(job: Job) -> dict[str, Any]:
    """What stands above the log. `state` is another text whenever any of it would differ."""
    waits_for = reasons_to_wait(job.run) if job.status == Job.Status.PENDING else []
    shown = "stopping" if job.is_active and job.run.cancel_requested_at else job.status
    return {
        "title": f"{shown.capitalize()} · {job}",
        "job": job,
        "shown_status": shown,
        "waits_for": waits_for,
        "state": "|".join([shown, *waits_for]),
        "advice": ADVICE.get(job.failure_kind, ""),
        "failing_line": _failing_line(job),
        "failing_task": _failing_task(job),
        "variables": job.masked_extra_vars.items(),
        "options": given_options(job.run),
        **relaunching_of(job.run),
        "earlier": partial(_earlier, job),
    }


def _earlier(job: Job) -> Job | None:
    """The job on the same server of the run that this one repeats."""
    if job.run.relaunch_of_id is None:
        return None
    return Job.objects.filter(run=job.run.relaunch_of_id, server=job.server_id).first()


def _failing_line(job: Job) -> int | None:
    """Where one wants to look first: the line at which the last errors begin."""
    if job.status != Job.Status.FAILED:
        return None
    errors = job.logs.filter(log_level=JobLog.Level.ERROR).order_by("-line_number")
    numbers = list(errors.values_list("line_number", flat=True)[:LINES_AT_ONCE])
    block = [number for ago, number in enumerate(numbers) if number == numbers[0] - ago]
    return block[-1] if block else None


def _failing_task(job: Job) -> int | None:
    """The number of the result that the failure is about."""
    if job.status != Job.Status.FAILED:
        return None
    failures = (TaskResult.Status.FAILED, TaskResult.Status.UNREACHABLE)
    results = job.task_results.filter(status__in=failures).order_by("-number")
    return results.values_list("number", flat=True).first()


def _tasks_of(job: Job, after: int) -> dict[str, Any]:
    tasks = list(TaskResult.objects.of_job(job, after)[:TASKS_AT_ONCE])
    return {"tasks": tasks, "more_tasks": len(tasks) == TASKS_AT_ONCE}


def _every_line(job: Job) -> Iterator[str]:
    after = 0
    while lines := list(job.lines(after, LINES_IN_A_CHUNK)):
        yield from (line.content for line in lines)
        after = lines[-1].line_number


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
