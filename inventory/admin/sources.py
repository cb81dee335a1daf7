"""Inventory sources in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from console.lists import ConsoleAdmin, without_fields
from inventory.models import InventorySource


@admin.register(InventorySource)
class InventorySourceAdmin(ConsoleAdmin):
    list_title = "Sources"
    list_display = ["name", "inventory", "path", "state", "synced_at", "active_pill"]
    list_select_related = ["inventory"]
    search_fields = ["name", "path"]
    search_help_text = "Name or path"
    autocomplete_fields = ["inventory"]
    readonly_fields = ["state", "message", "synced_at", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "inventory", "path", "pass_environment", "is_active"]}),
        ("Sync", {"fields": [("syncs", "interval_minutes"), "environment"]}),
        ("Last sync", {"fields": ["state", "message", "synced_at"]}),
        ("Times", {"fields": [("created_at", "updated_at")]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else without_fields(fieldsets, self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.readonly_fields, *(["inventory"] if obj else [])]
