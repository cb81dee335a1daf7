"""What django-auditlog would find changed, for rows that were written in bulk.

It makes no query for a row and does not look at reverse relations, which together cost more than
the writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from functools import cache
from typing import Any

from auditlog.registry import auditlog
from django.db.models import DateTimeField, Model
from django.utils import timezone

PRIMITIVE = (type(None), bool, int, float, str, list, tuple, dict, set)

Changes = dict[str, tuple[Any, Any]]


def changes_of(
    edits: Iterable[tuple[Model | None, Model]],
) -> Iterator[tuple[Model, str, Changes]]:
    """(row, "created" or "updated", {field: (before, after)}) for each that differs.

    Of models that are not tracked, none. Foreign keys are told by their keys.
    """
    for before, after in edits:
        changes = {}
        for field in tracked_fields(after._meta.model):
            old, new = None if before is None else _value(field, before), _value(field, after)
            if old is not new and old != new:
                changes[field.name] = (_plain(old), _plain(new))
        if changes:
            yield after, "created" if before is None else "updated", changes


@cache
def tracked_fields(model: type[Model]) -> tuple[Any, ...]:
    """The columns that AUDITLOG_INCLUDE_TRACKING_MODELS names."""
    if not auditlog.contains(model):
        return ()
    told = auditlog.get_model_fields(model)
    fields: Iterable[Any] = model._meta.concrete_fields
    if included := told["include_fields"]:
        fields = [field for field in fields if field.name in included]
    return tuple(field for field in fields if field.name not in told["exclude_fields"])


def _value(field: Any, row: Model) -> Any:
    value = getattr(row, field.attname)
    if isinstance(field, DateTimeField) and value is not None and timezone.is_aware(value):
        return timezone.make_naive(value, UTC)
    return value


def _plain(value: Any) -> Any:
    return value if isinstance(value, PRIMITIVE) else str(value)
