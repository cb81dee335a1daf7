"""Servers in the console. Automation contributes what can be run on them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    AutocompleteSelectFilter,
    BooleanRadioFilter,
)

from accounts.console import SwitchedAdmin
from accounts.signed_in import signed_in
from console.lists import (
    Each,
    Narrow,
    PageAdmin,
    TagFilter,
    TimeRangeFilter,
    ask_for_values,
    call_each,
)
from console.objects import row_key
from inventory.copying import copy_of
from inventory.forms import EnvironmentForm, ServerForm, TagForm
from inventory.host_variables import shown_variables
from inventory.models import Server

from .group_filters import GroupFilter, SmartGroupFilter


@admin.register(Server)
class ServerAdmin(PageAdmin, SwitchedAdmin):
    form = ServerForm
    list_display = [
        *("hostname", "environment", "tag_list", "ip_address", "os", "active_pill"),
    ]
    list_filter = [
        ("inventory", AutocompleteSelectFilter),
        ("memberships__group", GroupFilter),
        SmartGroupFilter,
        ("environment", AllValuesCheckboxFilter),
        ("is_active", BooleanRadioFilter),
        ("os_type", AllValuesCheckboxFilter),
        TagFilter,
        ("updated_at", TimeRangeFilter),
    ]
    actions = ["activate", "deactivate", "set_environment", "set_tag", "remove_tag"]
    cell_filters = {
        "environment": Narrow("environment", "environment"),
        "tag_list": Each("tag", "tag_words"),
        "ip_address": Narrow("ip_address", "ip_address"),
        "os": Narrow("os_type", "os_type"),
        "active_pill": Narrow("is_active__exact", "is_active"),
    }
    exported = {
        "id": "pk",
        "hostname": "hostname",
        "inventory": "inventory.name",
        "ip_address": "ip_address",
        "environment": "environment",
        "os_type": "os_type",
        "os_version": "os_version",
        "tags": "tags",
        "ssh_port": "ssh_port",
        "ssh_user": "ssh_user",
        "description": "description",
        "is_active": "is_active",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    list_select_related = ["inventory"]
    search_fields = ["hostname", "ip_address", "description"]
    search_help_text = "Host name, address or description"
    when_empty = "Add one, or import an Ansible inventory: manage.py import_inventory FILE"
    autocomplete_fields = ["credential"]
    readonly_fields = ["created_at", "updated_at"]
    change_form_outer_before_template = "inventory/_server_form_tools.html"
    fieldsets = [
        (None, {"fields": ["hostname", "environment", "description", "is_active"]}),
        (
            "Connection",
            {
                "fields": [
                    ("ip_address", "ssh_port"),
                    ("ssh_user", "ssh_key_path"),
                    "credential",
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
        """The server with masked secrets, for display; the form puts the stored ones back."""
        server = super().get_object(request, object_id, from_field)
        if server is not None:
            server.variables = shown_variables(server.variables)
        return server

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What a source owns is changed there."""
        owned = obj.fields_of_source() if obj is not None and obj.source_id else ()
        return [*self.readonly_fields, *owned]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Leave alone what its source owns, which is masked here."""
        if change and obj.source_id:
            obj.save(update_fields=[*form.fields, "updated_at"])
        else:
            super().save_model(request, obj, form, change)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.copied = None if change else _copied(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?copy=7`: the values of server 7, without its name, address and host key."""
        copied = _copied(request)
        if copied is None:
            return super().get_changeform_initial_data(request)
        copy = copy_of(copied)
        messages.info(request, copy.said(copied))
        return forms.models.model_to_dict(Server(**copy.values), fields=copy.values)

    @admin.display(description="tags")
    def tag_list(self, server: Server) -> str:
        return ", ".join(text for _value, text in server.tag_words()) or "-"

    @admin.display(description="OS", ordering="os_type")
    def os(self, server: Server) -> str:
        return f"{server.os_type} {server.os_version}".strip() or "-"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Server], search_term: str
    ) -> tuple[QuerySet[Server], bool]:
        """Offer only active servers when servers are picked for a launch."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        is_picker = request.GET.get("field_name") == "server"
        return (found.active() if is_picker else found), may_repeat

    # Actions

    @admin.action(description="Set environment", permissions=["change"])
    @ask_for_values(EnvironmentForm, "Move these servers to another environment?", button="Move")
    def set_environment(
        self, request: HttpRequest, servers: QuerySet[Server], environment: str
    ) -> None:
        call_each(
            request,
            servers,
            lambda server: server.edit(signed_in(request), environment=environment),
            done=f"Moved to {environment}",
            unchanged=f"Already in {environment}",
        )

    @admin.action(description="Add tag", permissions=["change"])
    @ask_for_values(TagForm, "Add a tag to these servers?", button="Add tag")
    def set_tag(
        self, request: HttpRequest, servers: QuerySet[Server], key: str, value: str
    ) -> None:
        call_each(
            request,
            servers,
            lambda server: server.set_tag(signed_in(request), key, value),
            done=f"Tagged with {key}",
            unchanged="Already tagged",
        )

    @admin.action(description="Remove tag", permissions=["change"])
    @ask_for_values(TagForm, "Remove a tag from these servers?", button="Remove tag")
    def remove_tag(
        self, request: HttpRequest, servers: QuerySet[Server], key: str, value: str
    ) -> None:
        call_each(
            request,
            servers,
            lambda server: server.remove_tag(signed_in(request), key, value),
            done=f"Removed the tag {key} from",
            unchanged=f"Not tagged {key}",
        )


def _copied(request: HttpRequest) -> Server | None:
    return Server.objects.filter(pk=row_key(request.GET.get("copy"))).first()
