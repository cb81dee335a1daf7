"""Servers with what automation can do on them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.signed_in import signed_in
from audit.console import (
    reason,
)
from automation.models import Playbook
from automation.views.launching import launch_page
from inventory.admin import ServerAdmin
from inventory.models import Server
from schema.exceptions import Refused

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
