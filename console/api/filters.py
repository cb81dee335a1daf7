"""Filters shared by the API's lists."""

from typing import Any

import django_filters.rest_framework as filters
from django import forms
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from console.objects import row_key
from console.times import validate_year
from schema.limits import LARGEST, LONGEST_SEARCH

from .errors import each_named


class StrictFilterBackend(filters.DjangoFilterBackend):
    """Filters lists, never single rows. The viewset rejects parameters that no filter knows."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if getattr(view, "detail", False):
            return queryset
        if empty := [name for name in request.query_params if self._is_empty(request, view, name)]:
            said = "Enter a value, or omit this parameter."
            raise ValidationError(each_named(empty, lambda _name: said))
        return super().filter_queryset(request, queryset, view)

    @staticmethod
    def _is_empty(request: Request, view: Any, name: str) -> bool:
        """True for a parameter without a value that is not a text."""
        declared = getattr(getattr(view, "filterset_class", None), "base_filters", {}).get(name)
        is_text = declared is None or isinstance(declared, filters.CharFilter)
        return not is_text and "" in request.query_params.getlist(name)


class SearchFilter(filters.CharFilter):
    """Part of a text, found by the `method` of the filter set; too long a text is refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=LONGEST_SEARCH, **kwargs)


class TimeFilter(filters.IsoDateTimeFilter):
    """Times of years that every database compares alike."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, validators=[validate_year], **kwargs)


class AnyOfFilter(filters.Filter):
    """Rows with any of the given values: `?status=failed&status=cancelled`."""

    takes_several = True

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class ChoicesFilter(AnyOfFilter, filters.MultipleChoiceFilter):
    """Rows with any of the given choices."""


class IdsField(forms.Field):
    """Keys: whole numbers that a column can hold."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        keys = list(map(row_key, filter(None, value or ())))
        if not all(keys):
            raise DjangoValidationError("Enter a whole number, from 1.")
        return keys


@extend_schema_field(
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": LARGEST}}
)
class IdFilter(AnyOfFilter):
    """Rows with any of the given keys. Rejects 1.5 instead of taking it for 1."""

    field_class = IdsField


@extend_schema_field({"type": "boolean"})
class YesNoFilter(filters.TypedChoiceFilter):
    """Accepts true or false. Django's BooleanFilter takes any other word to mean "any"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)
