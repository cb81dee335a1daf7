"""Playbooks, runs, jobs and their lines in the console, and what may be run on servers."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesCheckboxFilter,
)

from accounts.signed_in import signed_in
from audit.console import (
    ConsoleAdmin,
    HistoryAdmin,
    Rows,
    TimeRangeFilter,
    call_each,
    confirmed,
    reason,
    row_key,
)
from inventory.admin import ServerAdmin
from inventory.models import Server
from schema.exceptions import Refused

from . import vault_admin  # noqa: F401  (registers itself)
from .models import Job, JobLog, Playbook, Run, TaskResult
from .models.jobs import JobQuerySet
from .templatetags.automation import short_duration
from .variables import masked
from .views import launch_page, relaunching_of

admin.site.unregister(Server)


@admin.register(Server)
class RunnableServerAdmin(ServerAdmin):
    """Servers with what automation can do on them."""

    actions = ["run_playbook", "check_connection"]
    change_form_outer_before_template = "automation/_server_tools.html"

    def has_launch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("automation.launch_playbook")

    def has_check_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inventory.check_server")

    @admin.action(description="Run a playbook on the selected servers", permissions=["launch"])
    def run_playbook(self, request: HttpRequest, servers: QuerySet[Server]) -> HttpResponse:
        return launch_page(request, initial={"servers": servers})

    @admin.action(description="Check the connection", permissions=["check"])
    def check_connection(
        self, request: HttpRequest, servers: QuerySet[Server]
    ) -> HttpResponse | None:
        try:
            check = Playbook.objects.connection_check()
            run = check.launch(signed_in(request), list(servers))
        except Refused as error:
            messages.error(request, reason(error))
            return None
        messages.success(request, "The check is on its way.")
        return redirect(run)


@admin.register(Playbook)
class PlaybookAdmin(ConsoleAdmin):
    list_display = ["name", "file_path", "file_is", "tag_list", "is_active", "updated_at"]
    list_filter = [("is_active", BooleanRadioFilter)]
    search_fields = ["name", "file_path", "description"]
    when_empty = (
        "Register a playbook here, or let all of the folder be found: manage.py import_playbooks"
    )
    readonly_fields = ["file_hash", "file_is", "created_at", "updated_at"]
    change_form_outer_before_template = "automation/_playbook_tools.html"
    change_form_outer_after_template = "automation/_playbook_source.html"
    actions = ["accept_files"]
    fieldsets = [
        (None, {"fields": ["name", "description", "is_active"]}),
        ("File", {"fields": ["file_path", "file_is", "file_hash"]}),
        ("At a launch", {"fields": ["variables", "tags"]}),
        ("Times", {"fields": [("created_at", "updated_at")]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["name", "description", "file_path", "variables", "tags", "is_active"]}),
    ]

    def has_accept_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("automation.accept_playbook")

    @admin.display(description="file is")
    def file_is(self, playbook: Playbook) -> str:
        return render_to_string("automation/_file_state.html", {"state": playbook.file_state})

    @admin.display(description="tags")
    def tag_list(self, playbook: Playbook) -> str:
        return ", ".join(playbook.tags) or "-"

    @admin.action(description="Accept the changed files", permissions=["accept"])
    @confirmed("Accept these files as they are now?", button="Accept")
    def accept_files(self, request: HttpRequest, playbooks: QuerySet[Playbook]) -> None:
        call_each(
            request,
            playbooks,
            lambda playbook: playbook.accept_file(request.user),
            done="Accepted",
            unchanged="Had not changed",
        )


class JobRows(Rows):
    def url_for_result(self, result: Job) -> str:
        return result.get_absolute_url()


@admin.register(Job)
class JobAdmin(HistoryAdmin):
    list_display = ["status_pill", "name", "environment", "user", "created_at", "duration"]
    list_display_links = ["name"]
    list_select_related: tuple[
        str, ...
    ] = ()  # The names are fetched apart: see JobQuerySet.recent.
    list_filter = [
        ("status", ChoicesCheckboxFilter),
        ("playbook", AutocompleteSelectFilter),
        ("server", AutocompleteSelectFilter),
        ("server__environment", AllValuesCheckboxFilter),
        ("failure_kind", ChoicesCheckboxFilter),
        ("created_at", TimeRangeFilter),
    ]
    search_fields = ["job_id"]  # the search is JobQuerySet.matching
    search_help_text = "The beginning of a job's id, or part of a playbook's or server's name"
    when_empty = "Each launch of a playbook makes one job for each server. Run a playbook to begin."
    sortable_by = ["created_at"]
    actions = ["cancel"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobRows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).prefetch_related("playbook", "server", "user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        if search_term.strip():
            queryset = cast(JobQuerySet, queryset).matching(search_term)
        return queryset, False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A job has a page of its own."""
        job = self.get_object(request, object_id)
        if job is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect(job)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("automation.cancel_job")

    @admin.display(description="status")
    def status_pill(self, job: Job) -> str:
        return render_to_string("automation/_status.html", {"status": job.status})

    @admin.display(description="job")
    def name(self, job: Job) -> str:
        return str(job)

    @admin.display(description="environment")
    def environment(self, job: Job) -> str:
        return job.server.environment

    @admin.display(description="duration")
    def duration(self, job: Job) -> str:
        return short_duration(job.duration)

    @admin.action(description="Cancel", permissions=["cancel"])
    @confirmed(
        "Cancel these jobs, and with each the whole run it is part of?", button="Yes, cancel"
    )
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        call_each(
            request,
            jobs.select_related("run", "playbook", "server"),
            lambda job: job.cancel(request.user),
            done="Cancelling",
            unchanged="Had ended, or were being cancelled",
        )


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


class JobOfLinesFilter(AutocompleteSelectFilter):
    """Lines and results are shown of one job at a time: their tables are far too large."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return super().queryset(request, queryset) if self.value() else queryset.none()


@admin.register(JobLog)
class JobLogAdmin(HistoryAdmin):
    list_display = ["line_number", "log_level", "text", "timestamp"]
    list_filter = [("job", JobOfLinesFilter), ("log_level", ChoicesCheckboxFilter)]
    when_empty = (
        "Choose a job under “Filters” first: lines are looked up by their job. "
        "A job's own page shows its log in full."
    )
    sortable_by = ["line_number"]
    ordering = ["job", "line_number"]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A line is read where it stands: in its job's log."""
        line = self.get_object(request, object_id)
        if line is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(f"{line.job.get_absolute_url()}#L{line.line_number}")

    @admin.display(description="text")
    def text(self, line: JobLog) -> str:
        return render_to_string("automation/_line_text.html", {"line": line})


@admin.register(TaskResult)
class TaskResultAdmin(HistoryAdmin):
    list_display = ["number", "status_pill", "task", "action", "seconds", "path"]
    list_display_links = ["task"]
    list_filter = [("job", JobOfLinesFilter), ("status", ChoicesCheckboxFilter)]
    when_empty = (
        "Choose a job under “Filters” first: results are looked up by their job. "
        "A job's own page shows them too."
    )
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
        return render_to_string("automation/_task_status.html", {"result": result})

    @admin.display(description="seconds", ordering="duration")
    def seconds(self, result: TaskResult) -> str:
        return f"{result.duration:.2f}"


# --- The queue: only what an operator can read something from -------------------------------------

for _model in (Success, Failure, Schedule, OrmQ):
    if admin.site.is_registered(_model):  # OrmQ is not, where Redis carries the wake-ups
        admin.site.unregister(_model)


@admin.register(Failure)
class FailureAdmin(HistoryAdmin):
    """Wake-ups that ended in an error of ours; a failed playbook is a job, not one of these."""

    list_display = ["name", "func", "started", "stopped", "attempt_count"]
    search_fields = ["name", "func"]
    fields = ["name", "func", "args", "kwargs", "started", "stopped", "attempt_count", "result"]


@admin.register(Schedule)
class ScheduleAdmin(HistoryAdmin):
    list_display = ["name", "func", "schedule_type", "minutes", "next_run"]
    fields = ["name", "func", ("schedule_type", "minutes"), "next_run", "repeats"]
