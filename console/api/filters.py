"""Filters that the API's lists share."""

from typing import Any

import django_filters.rest_framework as filters
from django import forms
from rest_framework.request import Request


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
