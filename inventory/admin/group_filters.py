"""Filters of the list of servers: by a group with all groups in it, and by a smart group."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter

from console.objects import row_key
from inventory.models import Server, ServerGroup, SmartGroup


class GroupFilter(AutocompleteSelectFilter):
    """For `memberships__group`."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Server]) -> QuerySet[Server]:
        key = self.value()
        if not key:
            return queryset
        groups = ServerGroup.objects.select_related("inventory")
        group = groups.filter(pk=row_key(str(key))).first()
        return queryset.filter(group.holding()) if group else queryset.none()


class SmartGroupFilter(DropdownFilter):
    title = "smart group"
    parameter_name = "smart_group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = SmartGroup.objects.select_related("inventory")
        return [(str(row.pk), str(row)) for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Server]) -> QuerySet[Server]:
        key = self.value()
        if not key:
            return queryset
        group = SmartGroup.objects.filter(pk=row_key(str(key))).first()
        return queryset.filter(group.holding()) if group else queryset.none()
