"""Servers in the console. What may be run on them, automation adds."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, BooleanRadioFilter

from audit.console import ConsoleAdmin
from audit.redaction import redacted

from .forms import ServerForm
from .models import Server


class ServerAdmin(ConsoleAdmin):
    form = ServerForm
    list_display = ["hostname", "ip_address", "environment", "os", "is_active", "updated_at"]
    list_filter = [
        ("environment", AllValuesCheckboxFilter),
        ("is_active", BooleanRadioFilter),
        ("os_type", AllValuesCheckboxFilter),
    ]
    search_fields = ["hostname", "ip_address", "description"]
    search_help_text = "Part of a host name, an address or a description"
    when_empty = (
        "Add a server here, or take over an Ansible inventory: manage.py import_inventory FILE"
    )
    readonly_fields = ["created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["hostname", "environment", "description", "is_active"]}),
        (
            "Connection",
            {
                "fields": [
                    ("ip_address", "ssh_port"),
                    ("ssh_user", "ssh_key_path"),
                    "host_key",
                ]
            },
        ),
        ("In Ansible", {"fields": ["tags", "variables"]}),
        ("System", {"fields": [("os_type", "os_version"), ("created_at", "updated_at")]}),
    ]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Server | None:
        """For a page, which shows no secret: the form puts the stored ones back."""
        server = super().get_object(request, object_id, from_field)
        if server is not None:
            server.variables = redacted(server.variables)
        return server

    @admin.display(description="OS", ordering="os_type")
    def os(self, server: Server) -> str:
        return f"{server.os_type} {server.os_version}".strip() or "-"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Server], search_term: str
    ) -> tuple[QuerySet[Server], bool]:
        """Whoever picks servers for a launch is offered active ones only."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        is_picker = request.GET.get("field_name") == "server"
        return (found.active() if is_picker else found), may_repeat


admin.site.register(Server, ServerAdmin)
