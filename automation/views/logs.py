"""A job's log: live lines, a search, and the download."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from automation.ansi import plain
from automation.models import Job, JobLog
from automation.reports import log_search
from automation.reports.job_state import header_of, state_of
from automation.reports.run_log import Line, Log, every_line

from .runs import relaunching_of

LINES_AT_ONCE = 500

viewers_only = permission_required("automation.view_job", raise_exception=True)


@require_safe
@viewers_only
def job_lines(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Up to 500 lines after `?after=N` or before `?before=N`.

    Also the header, if the job's state differs from the page's (`?state=`). `?only=state` omits the
    lines.
    """
    # Read the job first: then whatever was written before it ended is among the lines.
    job = get_object_or_404(Job.objects.select_related("run"), job_id=job_id)
    context = state_of(job)
    if request.GET.get("state") != context["state"]:
        job = Job.objects.for_page().get(pk=job.pk)
        context = {**header_of(job), **relaunching_of(request, job.run, job), "changed": True}
    context |= lines_asked_for(request, job)
    return TemplateResponse(request, "automation/jobs/_job_lines.html", context)


@require_safe
@viewers_only
def job_search(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The numbers of up to 1000 lines with the text `?q=` after line `?after=N`.

    `?level=` sets the minimum level.
    """
    job = get_object_or_404(Job, job_id=job_id)
    text, level = request.GET.get("q", ""), request.GET.get("level", "")
    level = level if level in log_search.LEVELS else ""
    found: list[int] = []
    if text or level:
        after, limit = number_in(request, "after"), log_search.MOST_HITS + 1
        found = log_search.hits(job, text, level=level, after=after, limit=limit)
    return answer_hits(found)


@require_safe
@viewers_only
def job_log_download(request: HttpRequest, job_id: UUID) -> StreamingHttpResponse:
    """Download the log as text, as far as it has come.

    `?ansi=1`: as printed, with colours. `?timestamps=1`: each line with its time.
    """
    job = get_object_or_404(Job, job_id=job_id)
    return log_file(request, job, f"job-{job.job_id}.log")


# --- Used by the pages ----------------------------------------------------------------------------


def lines_asked_for(request: HttpRequest, log: Log) -> dict[str, Any]:
    """The requested `lines`; with `?only=state`, the number of the `newest` instead."""
    if request.GET.get("only") == "state":
        return {"lines": [], "more": False, "newest": log.last_line_number}
    before = number_in(request, "before")
    after = number_in(request, "after")
    found = log.lines_before(before, LINES_AT_ONCE) if before else log.lines(after, LINES_AT_ONCE)
    lines = list(found)
    return {"lines": lines, "more": len(lines) == LINES_AT_ONCE, "newest": 0}


def answer_hits(found: list[int]) -> JsonResponse:
    """The numbers of up to 1000 lines, and whether there are `more`."""
    shown = found[: log_search.MOST_HITS]
    return JsonResponse({"lines": shown, "count": len(shown), "more": len(found) > len(shown)})


def log_file(request: HttpRequest, log: Log, name: str) -> StreamingHttpResponse:
    """The log as a download: `?ansi=1` with colours, `?timestamps=1` with times."""
    as_printed, timed = (request.GET.get(each) == "1" for each in ("ansi", "timestamps"))
    response = StreamingHttpResponse(
        (_printed(line, as_printed=as_printed, timed=timed) for line in every_line(log)),
        content_type="text/plain; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def job_log_window(job: Job, around: int | None) -> dict[str, Any]:
    """The end of the log, or the lines around a line further up."""
    return {
        **line_window(job, LINES_AT_ONCE, around),
        "has_levels": True,
        "is_active": job.is_active,
        "is_kept": True,
        "url": reverse("automation:job_lines", args=[job.job_id]),
        "search_url": reverse("automation:job_search", args=[job.job_id]),
        "download_url": reverse("automation:job_log_download", args=[job.job_id]),
    }


def line_window(log: Log, limit: int, around: int | None = None) -> dict[str, Any]:
    """The last lines, or those around a line further up, with the numbers of `first` and `last`.

    `newest` is the number of the log's last line.
    """
    lines = log.lines_before(None, limit)
    newest = lines[-1].line_number if lines else 0
    if around and lines and around < lines[0].line_number:
        lines = list(log.lines(max(0, around - limit // 2), limit))
    return {
        "lines": lines,
        "first": lines[0].line_number if lines else 0,
        "last": lines[-1].line_number if lines else 0,
        "newest": newest,
    }


def number_in(request: HttpRequest, name: str) -> int:
    """The number in the URL's parameter; 0 if it has none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _printed(line: Line, *, as_printed: bool, timed: bool) -> str:
    """The line with its time in the console's time zone, as precise as it is known."""
    text = line.content if as_printed else plain(line.content)
    if not timed:
        return f"{text}\n"
    precision = "microseconds" if isinstance(line, JobLog) else "seconds"
    return f"{timezone.localtime(line.timestamp).isoformat(timespec=precision)} {text}\n"
