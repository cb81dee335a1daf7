"""Servers with what automation can do on them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import RadioFilter

from accounts.signed_in import signed_in
from automation import launching
from automation.models import Job, Playbook
from automation.reports.server_history import history_of
from automation.views.launching import launch_page
from console.lists import COUNTED_ROWS, Narrow, Rows, reason
from console.objects import row_key
from inventory.admin import ServerAdmin
from inventory.models import Server
from schema.exceptions import Refused

STATUS = "automation/_status.html"

admin.site.unregister(Server)


class LastJobFilter(RadioFilter):
    """Servers by how the newest job on them stands."""

    title = "last job"
    parameter_name = "last_job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Job.Status.choices, ("none", "None yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Server]) -> QuerySet[Server]:
        status = self.value()
        if not status:
            return queryset
        if status == "none":
            return queryset.filter(~Exists(Job.objects.filter(server=OuterRef("pk"))))
        return queryset.filter(pk__in=Job.objects.servers_at(status))


class LastJob(Narrow):
    """Its status filters, and beside it is the way to the job itself."""

    def shown(self, row: Any, text: Any, rows: Rows) -> Any:
        job = row.newest_job
        if job is None:
            return super().shown(row, text, rows)
        when = f"{timezone.localtime(job.created_at):%Y-%m-%d %H:%M}"
        to_job = format_html(
            '<a class="io-link io-list-when" href="{}">{}</a>', job.get_absolute_url(), when
        )
        return format_html("{} {}", super().shown(row, text, rows), to_job)


class ServerRows(Rows):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        newest = Job.objects.newest_of(self.result_list)
        for server in self.result_list:
            server.newest_job = newest.get(server.pk)
            server.newest_status = server.newest_job.status if server.newest_job else "none"


@admin.register(Server)
class RunnableServerAdmin(ServerAdmin):
    """Servers with what automation can do on them."""

    list_display = [*ServerAdmin.list_display, "last_job"]
    list_filter = [*ServerAdmin.list_filter, LastJobFilter]
    cell_filters = {
        **ServerAdmin.cell_filters,
        "last_job": LastJob("last_job", "newest_status"),
    }
    actions = ["run_playbook", "check_connection", *ServerAdmin.actions]
    # Each is one run, however many servers it has.
    acted_rows = {"run_playbook": COUNTED_ROWS, "check_connection": COUNTED_ROWS}
    change_form_outer_before_template = "automation/_server_state.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With how it has fared."""
        context = {"history": history_of(row_key(object_id))} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ServerRows]:
        return ServerRows

    @admin.display(description="last job")
    def last_job(self, server: Any) -> str:
        status = server.newest_status
        return "-" if status == "none" else render_to_string(STATUS, {"status": status})

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
            launch = launching.Launch(playbook=check, servers=list(servers))
            run = launching.launch(signed_in(request), launch).run
        except Refused as error:
            messages.error(request, reason(error))
            return None
        messages.success(request, "The check is on its way.")
        return redirect(run)
