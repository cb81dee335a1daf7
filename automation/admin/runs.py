"""Runs, each with its jobs by status."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
)

from audit.console import (
    HistoryAdmin,
    TimeRangeFilter,
    row_key,
)
from automation.models import Job, Run
from automation.variables import masked
from automation.views.runs import relaunching_of


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    list_display = ["name", "state", "launched_by", "worker_host", "created_at", "finished_at"]
    list_display_links = ["name"]
    list_select_related: tuple[
        str, ...
    ] = ()  # The names are fetched apart: see JobQuerySet.recent.
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("playbook", AutocompleteSelectFilter),
        ("created_at", TimeRangeFilter),
    ]
    search_fields = ["=id"]
    search_help_text = "The number of a run"
    sortable_by = ["created_at"]
    change_form_outer_before_template = "automation/_run_tools.html"
    readonly_fields = ["name", "given_options", "variables"]
    fieldsets = [
        (None, {"fields": ["name", ("state", "exit_code"), ("launched_by", "created_at")]}),
        (
            "What",
            {"fields": ["playbook_hash", "given_options", "credential", "variables", "command"]},
        ),
        (
            "Where and when",
            {"fields": [("worker_host", "worker_pid"), ("started_at", "finished_at")]},
        ),
        ("Cancelled", {"fields": [("cancel_requested_at", "cancelled_by")]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).prefetch_related("playbook", "launched_by")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With its jobs by status: five hundred servers are five hundred jobs."""
        jobs = Job.objects.filter(run_id=row_key(object_id))
        counts = jobs.order_by("status").values_list("status").annotate(Count("id"))
        context = {"job_counts": counts, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run = kwargs.get("obj")
        more = relaunching_of(run) if run is not None else {}
        return super().render_change_form(request, {**context, **more}, *args, **kwargs)

    @admin.display(description="run")
    def name(self, run: Run) -> str:
        return f"{run.playbook} ({run.pk})"

    @admin.display(description="options")
    def given_options(self, run: Run) -> str:
        return ", ".join(f"{name} = {value}" for name, value in run.options().items()) or "-"

    @admin.display(description="variables")
    def variables(self, run: Run) -> str:
        values = masked(run.extra_vars).items()
        return ", ".join(f"{name} = {value}" for name, value in values) or "-"
