"""A run's combined log: live lines, a search, and the download."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from automation.models import Run
from automation.reports import log_search
from automation.reports.run_log import RunOutput

from .logs import (
    answer_hits,
    line_window,
    lines_asked_for,
    log_file,
    number_in,
    viewers_only,
)

# On the run's page itself, which fetches more.
FIRST_LINES = 100


@require_safe
@viewers_only
def run_lines(request: HttpRequest, pk: int) -> HttpResponse:
    """Up to 500 lines after `?after=N` or before `?before=N`.

    With `?only=state` none, only the number of the newest.
    """
    # Read the run first: then whatever was written before it ended is among the lines.
    run = get_object_or_404(Run, pk=pk)
    is_active = run.state != Run.State.FINISHED
    context = {"is_active": is_active, **lines_asked_for(request, RunOutput(run))}
    return TemplateResponse(request, "automation/runs/_run_lines.html", context)


@require_safe
@viewers_only
def run_search(request: HttpRequest, pk: int) -> HttpResponse:
    """The numbers of up to 1000 lines with the text `?q=` after line `?after=N`."""
    run = get_object_or_404(Run, pk=pk)
    text, after = request.GET.get("q", ""), number_in(request, "after")
    found = RunOutput(run).hits(text, after=after, limit=log_search.MOST_HITS + 1) if text else []
    return answer_hits(found)


@require_safe
@viewers_only
def run_log_download(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Download the log so far as text; `?ansi=1` and `?timestamps=1` as for a job."""
    run = get_object_or_404(Run, pk=pk)
    return log_file(request, RunOutput(run), f"run-{run.pk}.log")


def run_log_window(run: Run) -> dict[str, Any]:
    """The end of the log, for the run's page."""
    output = RunOutput(run)
    window = line_window(output, FIRST_LINES)
    return {
        **window,
        "state": "",
        "failing_line": None,
        "has_levels": False,
        "is_active": run.state != Run.State.FINISHED,
        "is_kept": bool(window["lines"]) or output.is_kept,
        "url": reverse("automation:run_lines", args=[run.pk]),
        "search_url": reverse("automation:run_search", args=[run.pk]),
        "download_url": reverse("automation:run_log_download", args=[run.pk]),
    }
