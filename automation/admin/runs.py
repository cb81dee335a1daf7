"""The list of runs. A run's own page is in views/run_page.py."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
)

from automation.models import Run
from automation.reports.run_servers import attach_where
from automation.templatetags.automation import short_duration
from console.lists import (
    Day,
    KindsFilter,
    Narrow,
    PageHistoryAdmin,
    PageRows,
    TimeRangeFilter,
)
from console.lists.cells import Parameters


class RunRows(PageRows):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_where(self.result_list)


class Standing(Narrow):
    """Runs with the same outcome; for a run that has not ended, runs in the same state."""

    def parameters(self, row: Model) -> Parameters:
        return super().parameters(row) or {"state__exact": cast(Run, row).state}


@admin.register(Run)
class RunAdmin(PageHistoryAdmin):
    list_display = [
        *("status_pill", "name", "where", "launched_by", "worker_host", "created_at", "duration"),
    ]
    list_display_links = ["name"]
    list_select_related: tuple[str, ...] = ()  # Prefetched instead: see JobQuerySet.recent.
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("outcome", KindsFilter),
        ("playbook", AutocompleteSelectFilter),
        ("created_at", TimeRangeFilter),
    ]
    # The home page links to a playbook's last runs that have started.
    more_filters = ("started_at",)
    cell_filters = {
        "status_pill": Standing("outcome__exact", "outcome"),
        "name": Narrow("playbook__id__exact", "playbook_id"),
        "launched_by": Narrow("launched_by__id__exact", "launched_by_id"),
        "worker_host": Narrow("worker_host__exact", "worker_host"),
        "created_at": Day("created_at"),
    }
    exported = {
        "id": "pk",
        "playbook": "playbook.name",
        "state": "state",
        "outcome": "outcome",
        "exit_code": "exit_code",
        "launched_by": "launched_by.username",
        "worker_host": "worker_host",
        "command": "command",
        "created_at": "created_at",
        "started_at": "started_at",
        "finished_at": "finished_at",
    }
    when_empty = "Each launch of a playbook is a run. Run a playbook to start."
    search_fields = ["=id"]
    search_help_text = "Run number"
    sortable_by = ["created_at"]
    same_order = {"created_at": "id"}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RunRows]:
        return RunRows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).prefetch_related("playbook", "launched_by")

    @admin.display(description="status")
    def status_pill(self, run: Run) -> str:
        return render_to_string("automation/_status.html", {"status": run.status})

    @admin.display(description="run")
    def name(self, run: Run) -> str:
        return f"{run.playbook} ({run.pk})"

    @admin.display(description="servers")
    def where(self, run: Any) -> str:
        return render_to_string("automation/runs/_where.html", {"where": run.where})

    @admin.display(description="duration")
    def duration(self, run: Run) -> str:
        return short_duration(run.duration)
