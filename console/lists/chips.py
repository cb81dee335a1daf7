"""Chips: each active filter in words, with the URL of the list without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ListFilter, SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, Field, Model

from console.objects import row_key

if TYPE_CHECKING:
    from .rows import Rows


@dataclass(frozen=True)
class Chip:
    """One chip, such as "status: Failed ✕"."""

    name: str
    value: str
    without: str


def chips(rows: Rows) -> list[Chip]:
    """The search and every value of every filter; both ends of a time range make one chip."""
    given = {SEARCH_VAR: [rows.query], **rows.get_filters_params()}
    found: dict[Any, Chip] = {}
    for name, values in given.items():
        field = _ranged(name)
        for value in filter(None, values):
            if field:
                found.setdefault(field, _range_chip(rows, field))
            else:
                found[name, value] = _chip(rows, name, value)
    return list(found.values())


def _ranged(name: str) -> str:
    """The field of a time range parameter: created_at for "created_at_from_0"; otherwise ""."""
    stem, _, part = name.rpartition("_")
    field, _, end = stem.rpartition("_")
    return field if end in ("from", "to") and part in ("0", "1") else ""


def _chip(rows: Rows, name: str, value: str) -> Chip:
    rest = [other for other in rows.filter_params.get(name, ()) if other != value]
    without = rows.get_query_string({name: rest or None})
    if name == SEARCH_VAR:
        return Chip("search", f"“{value}”", without)
    if name == "id__lt":
        return Chip("older than", f"number {value}", without)
    spec = _spec(rows, name)
    field = field_of(rows.model, name)
    title = spec.title if spec else str(getattr(field, "verbose_name", name))
    return Chip(str(title), _words(spec, field, name, value), without)


def _words(spec: ListFilter | None, field: Field | None, name: str, value: str) -> str:
    """The filter's value, worded as in the list."""
    if name.endswith("__isnull"):
        return "none" if value in ("1", "True", "true") else "any"
    if isinstance(spec, SimpleListFilter):
        return str(dict(spec.lookup_choices).get(value, value))
    if field is None:
        return value
    if field.remote_field is not None:
        row = field.remote_field.model._base_manager.filter(pk=row_key(value)).first()
        return str(row or value)
    if isinstance(field, BooleanField):
        return {"1": "yes", "0": "no"}.get(value, value)
    return str(dict(field.flatchoices).get(value, value))


def _range_chip(rows: Rows, name: str) -> Chip:
    ends = {
        end: [rows.params.get(f"{name}_{end}_{part}", "") for part in (0, 1)]
        for end in ("from", "to")
    }
    texts = {end: " ".join(filter(None, parts)) for end, parts in ends.items()}
    parts = [f"{end} {text}" for end, text in texts.items() if text]
    field = field_of(rows.model, name)
    title = str(getattr(field, "verbose_name", name)).removesuffix(" at")
    without = rows.get_query_string(remove=[f"{name}_from_", f"{name}_to_"])
    return Chip(title, _one_day(texts) or " ".join(parts), without)


def _one_day(texts: dict[str, str]) -> str:
    """The day, if the range is exactly one day; otherwise ""."""
    try:
        first, last = (date.fromisoformat(texts[end]) for end in ("from", "to"))
    except ValueError:
        return ""
    return first.isoformat() if last - first == timedelta(days=1) else ""


def _spec(rows: Rows, name: str) -> ListFilter | None:
    specs = (spec for spec in rows.filter_specs if name in spec.expected_parameters())
    return next(specs, None)


def field_of(model: type[Model], parameter: str) -> Field | None:
    """The model field behind a parameter such as "server__environment" or "user__id__exact".

    It is the last field on the path that is not a primary key.
    """
    found: Any = None
    for part in parameter.split("__"):
        try:
            field: Any = model._meta.get_field(part)
        except FieldDoesNotExist:
            break
        if found is None or not field.primary_key:
            found = field
        if field.related_model is None:
            break
        model = field.related_model
    return found
