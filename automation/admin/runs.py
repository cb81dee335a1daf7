"""Runs, each with its jobs by status."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
)

from audit.console import (
    Day,
    HistoryAdmin,
    Narrow,
    TimeRangeFilter,
    row_key,
)
from automation.models import Job, Run
from automation.variables import masked
from automation.views.runs import relaunching_of


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    list_display = [
        *("state_pill", "name", "launched_by", "worker_host", "created_at", "finished_at"),
    ]
    list_display_links = ["name"]
    list_select_related: tuple[
        str, ...
    ] = ()  # The names are fetched apart: see JobQuerySet.recent.
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("playbook", AutocompleteSelectFilter),
        ("created_at", TimeRangeFilter),
    ]
    cell_filters = {
        "state_pill": Narrow("state__exact", "state"),
        "name": Narrow("playbook__id__exact", "playbook_id"),
        "launched_by": Narrow("launched_by__id__exact", "launched_by_id"),
        "worker_host": Narrow("worker_host__exact", "worker_host"),
        "created_at": Day("created_at"),
    }
    exported = {
        "id": "pk",
        "playbook": "playbook.name",
        "state": "state",
        "exit_code": "exit_code",
        "launched_by": "launched_by.username",
        "worker_host": "worker_host",
        "command": "command",
        "created_at": "created_at",
        "started_at": "started_at",
        "finished_at": "finished_at",
    }
    when_empty = "Each launch of a playbook is a run. Run a playbook to begin."
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

    @admin.display(description="state")
    def state_pill(self, run: Run) -> str:
        return render_to_string("automation/_run_state.html", {"state": run.state})

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
