"""The list of jobs. A job's own page is in views/jobs.py."""

from dataclasses import replace
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
)

from accounts.signed_in import signed_in
from automation import launching
from automation.models import Job, Run
from automation.models.jobs import JobQuerySet
from automation.templatetags.automation import short_duration
from console.lists import (
    Day,
    KindsFilter,
    Narrow,
    PageHistoryAdmin,
    TagFilter,
    TimeRangeFilter,
    ask_first,
    call_each,
)

from .job_questions import chosen_by_run, describe_cancel, describe_relaunch, runs_of


class EnvironmentFilter(AllValuesCheckboxFilter):
    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Job]:
        return queryset.in_environments(self.value()) if self.value() else queryset


class FailureFilter(KindsFilter):
    """Kinds of failure have no index, but the status has: add it."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        found = super().queryset(request, queryset)
        return found.filter(status=Job.Status.FAILED) if any(self.value() or ()) else found


@admin.register(Job)
class JobAdmin(PageHistoryAdmin):
    list_display = [
        *("status_pill", "name", "server", "environment", "failure"),
        *("user", "run_number", "created_at", "duration"),
    ]
    list_display_links = ["name"]
    cell_filters = {
        "status_pill": Narrow("status__exact", "status"),
        "failure": Narrow("failure_kind__exact", "failure_kind"),
        "name": Narrow("playbook__id__exact", "playbook_id"),
        "server": Narrow("server__id__exact", "server_id"),
        "environment": Narrow("server__environment", "server.environment"),
        "user": Narrow("user__id__exact", "user_id"),
        "created_at": Day("created_at"),
    }
    exported = {
        "job_id": "job_id",
        "run_id": "run_id",
        "status": "status",
        "failure_kind": "failure_kind",
        "failed_task": "failed_task",
        "failed_place": "failed_place",
        "error_message": "error_message",
        "playbook": "playbook.name",
        "server": "server.hostname",
        "environment": "server.environment",
        "user": "user.username",
        "created_at": "created_at",
        "started_at": "started_at",
        "completed_at": "completed_at",
        "duration_seconds": "duration",
    }
    list_select_related: tuple[str, ...] = ()  # Prefetched instead: see JobQuerySet.recent.
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("playbook", AutocompleteSelectFilter),
        ("server", AutocompleteSelectFilter),
        ("server__environment", EnvironmentFilter),
        TagFilter,
        ("failure_kind", FailureFilter),
        ("created_at", TimeRangeFilter),
    ]
    # A run's page links to its jobs.
    more_filters = ("run",)
    search_fields = ["job_id"]  # enables the search box; the search is JobQuerySet.matching
    search_help_text = "Job id, playbook or server"
    when_empty = "A launch creates one job per server. Run a playbook to start."
    sortable_by = ["created_at"]
    same_order = {"created_at": "id"}
    actions = ["cancel", "relaunch"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).prefetch_related("playbook", "server", "user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        if search_term.strip():
            queryset = cast(JobQuerySet, queryset).matching(search_term)
        return queryset, False

    def has_launch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("automation.launch_playbook")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("automation.cancel_job")

    @admin.display(description="status")
    def status_pill(self, job: Job) -> str:
        return render_to_string("automation/_status.html", {"status": job.status})

    @admin.display(description="job")
    def name(self, job: Job) -> str:
        return job.playbook.name

    @admin.display(description="environment")
    def environment(self, job: Job) -> str:
        return render_to_string(
            "inventory/_environment.html",
            {"name": job.server.environment, "is_production": job.server.is_production},
        )

    @admin.display(description="failure", empty_value="")
    def failure(self, job: Job) -> str:
        return render_to_string("automation/jobs/_failure_kind.html", {"job": job})

    @admin.display(description="run")
    def run_number(self, job: Job) -> str:
        url = reverse("automation:run_detail", args=[job.run_id])
        return format_html('<a class="io-link" href="{}">{}</a>', url, job.run_id)

    @admin.display(description="duration")
    def duration(self, job: Job) -> str:
        return short_duration(job.duration)

    @admin.action(description="Cancel", permissions=["cancel"])
    @ask_first("Cancel?", button="Cancel", describe=describe_cancel)
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        call_each(
            request,
            runs_of(jobs),
            lambda run: run.cancel(request.user),
            done="Cancel requested",
            unchanged="Already finished or being cancelled",
        )

    @admin.action(description="Relaunch", permissions=["launch"])
    @ask_first("Relaunch?", button="Relaunch", describe=describe_relaunch)
    def relaunch(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Relaunch each run of the selected jobs, on their servers only."""
        chosen = chosen_by_run(jobs)
        actor, key = signed_in(request), request.POST.get("once", "")

        def again(run: Run) -> bool:
            own_key = f"{key[:32]}-{run.pk}" if key else ""
            launch = launching.launch_from(run, servers=[job.server for job in chosen[run]])
            launching.launch(actor, replace(launch, idempotency_key=own_key))
            return True

        call_each(request, chosen, again, done="Relaunched", unchanged="")
