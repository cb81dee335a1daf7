"""Inventory sources in the console: their list and their form. The page is in views/sources.py."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesRadioFilter,
)

from accounts.signed_in import signed_in
from console.lists import Day, Narrow, PageAdmin, TimeRangeFilter, without_fields
from inventory.models import InventorySource
from inventory.source_forms import SourceForm

UPLOAD = ["file", "text", "format"]
STILL_SYNCING = (
    "Not checked: an earlier check or sync is still under way. Check again when it is over."
)


@admin.register(InventorySource)
class InventorySourceAdmin(PageAdmin):
    form = SourceForm
    list_title = "Sources"
    list_display = [
        *("name", "inventory", "read_from", "sync_state", "owns", "synced_at", "active_pill"),
    ]
    list_select_related = ["inventory"]
    list_filter = [
        ("inventory", AutocompleteSelectFilter),
        ("state", ChoicesRadioFilter),
        ("is_active", BooleanRadioFilter),
        ("synced_at", TimeRangeFilter),
    ]
    cell_filters = {
        "inventory": Narrow("inventory__id__exact", "inventory_id"),
        "sync_state": Narrow("state__exact", "state"),
        "synced_at": Day("synced_at"),
        "active_pill": Narrow("is_active__exact", "is_active"),
    }
    search_fields = ["name", "path"]
    search_help_text = "Name or path"
    when_empty = "A source keeps an inventory up to date from a file, folder, script or upload."
    autocomplete_fields = ["inventory"]
    readonly_fields = ["created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "inventory", "kind", "is_active"]}),
        ("File or folder", {"fields": ["path", "pass_environment"]}),
        ("Upload", {"fields": UPLOAD}),
        ("Sync", {"fields": [("syncs", "interval_minutes"), "environment"]}),
        ("Times", {"fields": [("created_at", "updated_at")]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_owned()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A source stays what it is; only a new one can be either."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        left_out = ["path", "pass_environment", "syncs", "interval_minutes"]
        return without_fields(fieldsets, left_out if obj.is_upload else UPLOAD)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.readonly_fields, *(["inventory", "kind"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Leave columns alone that a worker may be writing."""
        if change:
            written = {field.name for field in obj._meta.concrete_fields if field.editable}
            obj.save(update_fields=[*(written - {"id"}), "content", "updated_at"])
        else:
            super().save_model(request, obj, form, change)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return _checked(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """An upload that was replaced is checked at once, and synced when somebody has looked."""
        return _checked(request, obj) if obj.is_upload else redirect(obj)

    @admin.display(description="read from", ordering="path")
    def read_from(self, source: InventorySource) -> str:
        return source.path or f"Upload ({source.get_format_display()})"

    @admin.display(description="sync", ordering="state")
    def sync_state(self, source: InventorySource) -> str:
        return render_to_string("inventory/sources/_source_state.html", {"source": source})

    @admin.display(description="owns")
    def owns(self, source: Any) -> str:
        servers = f"{source.server_count} server{'' if source.server_count == 1 else 's'}"
        return f"{servers}, {source.group_count} group{'' if source.group_count == 1 else 's'}"


def _checked(request: HttpRequest, source: InventorySource) -> HttpResponse:
    """Its page, where a check is under way."""
    user = signed_in(request)
    if source.is_active and user.has_perm("inventory.sync_inventorysource"):
        if not source.ask_sync(user, dry_run=True):
            messages.warning(request, STILL_SYNCING)
    else:
        messages.info(request, "Not checked: the source is not active.")
    return redirect(source)
