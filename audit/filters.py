"""Filters that every app's lists share, and those of the audit trail."""

from typing import Any

import django_filters.rest_framework as filters
from django import forms
from rest_framework.request import Request

from .models import AuditLog


class StrictFilterBackend(filters.DjangoFilterBackend):
    """Filters lists, and lists only. The view set refuses what no filter knows."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if getattr(view, "detail", False):
            return queryset
        return super().filter_queryset(request, queryset, view)


class IdFilter(filters.NumberFilter):
    """A key: 1.5 is none, and would be taken for 1."""

    field_class = forms.IntegerField


class YesNoFilter(filters.TypedChoiceFilter):
    """true or false. Django's own takes every other word for "any"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)


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
        # "from" is a word of Python, and cannot be the name of an attribute.
        return super().get_filters() | {
            "from": filters.IsoDateTimeFilter(field_name="timestamp", lookup_expr="gte"),
            "to": filters.IsoDateTimeFilter(field_name="timestamp", lookup_expr="lt"),
        }
