"""Log lines and task results, of one job at a time."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
)

from automation.models import JobLog, TaskResult
from automation.reports.log_html import text_html
from console.lists import HistoryAdmin, Narrow


class JobOfLinesFilter(AutocompleteSelectFilter):
    """Show nothing until a job is chosen: these tables are far too large."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return super().queryset(request, queryset) if self.value() else queryset.none()


@admin.register(JobLog)
class JobLogAdmin(HistoryAdmin):
    list_display = ["line_number", "log_level", "text", "timestamp"]
    list_filter = [("job", JobOfLinesFilter), ("log_level", ChoicesCheckboxFilter)]
    cell_filters = {"log_level": Narrow("log_level__exact", "log_level")}
    when_empty = "Choose a job under Filters. A job's page shows its whole log."
    sortable_by = ["line_number"]
    ordering = ["job", "line_number"]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Redirect to the line in its job's log."""
        line = self.get_object(request, object_id)
        if line is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(f"{line.job.get_absolute_url()}#L{line.line_number}")

    @admin.display(description="text")
    def text(self, line: JobLog) -> str:
        return text_html(line.content)


@admin.register(TaskResult)
class TaskResultAdmin(HistoryAdmin):
    list_display = ["number", "status_pill", "task", "action", "seconds", "path"]
    list_display_links = ["task"]
    list_filter = [("job", JobOfLinesFilter), ("status", ChoicesCheckboxFilter)]
    cell_filters = {
        "status_pill": Narrow("status__exact", "status"),
        "task": Narrow("task__exact", "task"),
        "action": Narrow("action__exact", "action"),
        "path": Narrow("path__exact", "path"),
    }
    # A run's page links to changed results, which include some ignored failures.
    more_filters = ("changed",)
    when_empty = "Choose a job under Filters. A job's page shows its task results."
    sortable_by = ["number", "duration"]
    ordering = ["job", "number"]
    fields = [
        "job",
        ("number", "status", "changed"),
        ("play", "task", "action"),
        ("started_at", "duration", "path"),
        "message",
        "diff",
    ]

    @admin.display(description="status")
    def status_pill(self, result: TaskResult) -> str:
        return render_to_string("automation/jobs/_task_status.html", {"result": result})

    @admin.display(description="seconds", ordering="duration")
    def seconds(self, result: TaskResult) -> str:
        return f"{result.duration:.2f}"
