"""Filters beside a list, each of which can use an index."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
    FieldTextFilter,
    RangeDateTimeFilter,
    TextFilter,
)

from console.times import is_storable_year


class TimeRangeFilter(RangeDateTimeFilter):
    """From (inclusive) to (exclusive), in the console's time zone; a date means its midnight."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # "By created", like the column.
        self.title: str = str(vars(self)["title"]).removesuffix(" at")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        for end, lookup in (("from", "gte"), ("to", "lt")):
            moment = self._moment(end)
            if moment is not None:
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": moment})
        return queryset

    def _moment(self, end: str) -> datetime | None:
        date = self.used_parameters.get(f"{self.parameter_name}_{end}_0")
        time = self.used_parameters.get(f"{self.parameter_name}_{end}_1") or "00:00"
        if not date:
            return None
        try:
            moment = parse_datetime(f"{date} {time}")
        except ValueError:
            moment = None
        if moment is None or not is_storable_year(moment):
            raise IncorrectLookupParameters(f"{date} {time} is not a valid time.")
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class ExactFilter(FieldTextFilter):
    """A text box that matches the exact value, so that an index is used."""

    lookup = "exact"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, *where: Any, **named: Any
    ) -> None:
        given = params.get(f"{field.name}__{self.lookup}")
        super().__init__(field, request, params, *where, **named)
        self.lookup_kwarg, self.lookup_val = f"{self.field_path}__{self.lookup}", given

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field_path}__{self.lookup}"]


class PrefixFilter(ExactFilter):
    lookup = "startswith"


class RelatedFilter(AutocompleteSelectFilter):
    """Choose a related row by name; `__isnull` finds rows without one."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.lookup_val_isnull == "True":
            return queryset.filter(**{self.lookup_kwarg_isnull: True})
        return super().queryset(request, queryset)


class KindsFilter(ChoicesCheckboxFilter):
    """Checkboxes without the empty choice, which would not filter anything."""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        for shown in super().choices(changelist):
            field = shown["form"].fields[self.lookup_kwarg]
            field.choices = [pair for pair in field.choices if pair[0]]
            yield shown


class TagFilter(TextFilter):
    """Rows with a tag, found by `with_tag` of the model's QuerySet."""

    title = "tag"
    parameter_name = "tag"

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        text = (self.value() or "").strip()
        return queryset.with_tag(text) if text else queryset
