"""Cells that link to the list narrowed to rows with the same value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import ForeignKey, Model
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from unfold.utils import display_for_field, display_for_value

from console.times import time_tag

if TYPE_CHECKING:
    from .rows import Rows

NOTHING = "-"
# The link beside a row's own link: an icon, from the style sheet.
ONLY = mark_safe('<span class="io-unseen">Only these</span>')
# Changes to the query string; None removes a parameter.
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Narrow:
    """A cell whose value becomes a URL parameter: `Narrow("user__id__exact", "user_id")`.

    `source` is the path of the value from the row: "server.environment". `none` is the parameter
    that finds rows without a value, if there is one.
    """

    parameter: str
    source: str
    none: str = ""

    def parameters(self, row: Model) -> Parameters:
        """URL parameters for rows like this one; empty if there is nothing to filter by."""
        value = value_at(row, self.source)
        if value in (None, ""):
            return {self.none: "True", self.parameter: None} if self.none else {}
        parameters = {self.parameter: int(value) if isinstance(value, bool) else value}
        return {**parameters, self.none: None} if self.none else parameters

    def shown(self, row: Model, text: Any, rows: Rows) -> Any:
        return filter_link(rows, self.parameters(row), text)


@dataclass(frozen=True)
class Day(Narrow):
    """A cell whose time narrows the list to that day (TimeRangeFilter): `Day("created_at")`."""

    source: str = ""

    def parameters(self, row: Model) -> Parameters:
        moment = value_at(row, self.source or self.parameter)
        return day_range(self.parameter, timezone.localdate(moment)) if moment else {}


@dataclass(frozen=True)
class Each(Narrow):
    """A cell with several values; `source` is a method that returns (value, text) pairs."""

    def shown(self, row: Model, text: Any, rows: Rows) -> Any:
        pairs = value_at(row, self.source)()
        links = [(filter_link(rows, {self.parameter: value}, word),) for value, word in pairs]
        return format_html_join(" ", '<span class="io-list-tag">{}</span>', links) or NOTHING


def day_range(name: str, day: date) -> Parameters:
    """Parameters that select the whole day in a TimeRangeFilter."""
    ends = {f"{name}_from_0": day.isoformat(), f"{name}_to_0": (day + timedelta(1)).isoformat()}
    return {**ends, f"{name}_from_1": None, f"{name}_to_1": None}


def value_at(row: Any, path: str) -> Any:
    """The value at the end of a dotted path; None if any step is None."""
    return reduce(lambda at, name: None if at is None else getattr(at, name), path.split("."), row)


def filter_link(rows: Rows, parameters: Parameters, text: Any) -> Any:
    """Link the text to the narrowed list, unless the list is already narrowed like that."""
    now = rows.filter_params
    if not parameters or all(
        now.get(name) == (value and [str(value)]) for name, value in parameters.items()
    ):
        return text
    return format_html(
        '<a class="io-narrowing" href="{}" title="Show only these">{}</a>',
        rows.get_query_string(parameters),
        text,
    )


class ListColumn:
    """Replaces a column of a list with a function of the row.

    Times become relative, and with a `narrowing` the cell filters. A cell that links to its row
    keeps that link and gets a filter icon beside it.
    """

    def __init__(
        self, rows: Rows, column: Any, narrowing: Narrow | None, *, leads_to_row: bool
    ) -> None:
        self.rows, self.column, self.narrowing = rows, column, narrowing
        self.leads_to_row = leads_to_row
        self.__name__ = getattr(column, "__name__", column)
        label = str(label_for_field(column, rows.model, rows.model_admin))
        self.short_description = label.removesuffix(" at")
        self.admin_order_field = rows.get_ordering_field(column)

    def __call__(self, row: Model) -> Any:
        text = self._text(row)
        if self.narrowing is None:
            return text
        if not self.leads_to_row:
            return self.narrowing.shown(row, text, self.rows)
        icon = self.narrowing.shown(row, ONLY, self.rows)
        # Unfold wraps the whole cell in one link, and links cannot be nested.
        return format_html("{}</a>{}<a>", text, icon) if icon != ONLY else text

    def _text(self, row: Model) -> Any:
        field, display, value = lookup_field(self.column, row, self.rows.model_admin)
        empty = getattr(display, "empty_value_display", NOTHING)
        if isinstance(value, datetime):
            return time_tag(value)
        if field is None:
            return display_for_value(value, empty, getattr(display, "boolean", False))
        if isinstance(field, ForeignKey):
            return getattr(row, field.name) or empty
        return display_for_field(value, field, empty)
