"""Filters for the audit trail."""

from typing import Any

import django_filters.rest_framework as filters

from console.api.filters import TimeFilter

from .models import AuditLog


class AuditLogFilters(filters.FilterSet):
    action = filters.CharFilter()
    resource_type = filters.CharFilter()
    resource_id = filters.CharFilter()
    user = filters.CharFilter(field_name="user__username", lookup_expr="iexact")

    class Meta:
        model = AuditLog
        fields: list[str] = []

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        # "from" is a Python keyword and cannot be an attribute.
        return super().get_filters() | {
            "from": TimeFilter(field_name="timestamp", lookup_expr="gte"),
            "to": TimeFilter(field_name="timestamp", lookup_expr="lt"),
        }
