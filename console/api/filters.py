"""Filters shared by the API's lists."""

from typing import Any

import django_filters.rest_framework as filters
from django import forms
from rest_framework.request import Request


class StrictFilterBackend(filters.DjangoFilterBackend):
    """Filters lists, never single rows. The viewset rejects parameters that no filter knows."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if getattr(view, "detail", False):
            return queryset
        return super().filter_queryset(request, queryset, view)


class IdFilter(filters.NumberFilter):
    """A primary key. Rejects 1.5, which NumberFilter would accept as 1."""

    field_class = forms.IntegerField


class YesNoFilter(filters.TypedChoiceFilter):
    """Accepts true or false. Django's BooleanFilter takes any other word to mean "any"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)
