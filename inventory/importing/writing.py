"""Write many rows with few statements, and record each as if it had been saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.models import AuditLog
from schema.batches import in_batches
from schema.retrying import is_transient

# {id() of a row, which has no key yet: why it was refused}
Refusals = dict[int, str]


def as_it_was(row: Any, values: dict[str, Any]) -> Any:
    """Another object of the row with the attributes that it had, for comparison only."""
    model: Any = type(row)
    before = model.__new__(model)
    before.__dict__.update(values)
    return before


def insert_rows(rows: Iterable[Any]) -> Refusals:
    """Insert rows of one model that have `variables`. Returns those that the database refused."""
    refused: Refusals = {}
    for batch in in_batches(rows, _values):
        refused |= _one_by_one(batch, _insert) if _fails(batch, _insert) else {}
    return refused


def update_rows(rows: Iterable[Any], names: Sequence[str]) -> Refusals:
    """Write these fields of the rows, and when."""
    now = timezone.now()
    refused: Refusals = {}

    def write(batch: list[Any]) -> None:
        for row in batch:
            row.updated_at = now
        # By its key, each row is there: this only updates, with one statement for all.
        has_target = connection.features.supports_update_conflicts_with_target
        type(batch[0])._default_manager.bulk_create(
            batch,
            update_conflicts=True,
            update_fields=[*names, "updated_at"],
            unique_fields=["id"] if has_target else None,
        )

    for batch in in_batches(rows, _values):
        refused |= _one_by_one(batch, write) if _fails(batch, write) else {}
    return refused


def record_rows(edits: Iterable[tuple[Any, Any]], refused: Refusals) -> None:
    AuditLog.objects.record_edits(
        (before, after) for before, after in edits if id(after) not in refused
    )


def _values(row: Any) -> Any:
    return (row.variables, row.variable_files)


def _insert(batch: list[Any]) -> None:
    model = type(batch[0])
    model._default_manager.bulk_create(batch)
    if batch[0].pk is None:  # MySQL tells no keys
        _fetch_keys(batch)


def _fetch_keys(batch: list[Any]) -> None:
    """By the names that are unique within an inventory."""
    model = type(batch[0])
    column = "inventory_name" if hasattr(batch[0], "inventory_name") else "name"
    names = [getattr(row, column) for row in batch]
    rows = model._default_manager.filter(inventory=batch[0].inventory_id)
    keys = dict(rows.filter(**{f"{column}__in": names}).values_list(column, "pk"))
    for row in batch:
        row.pk = keys[getattr(row, column)]


def _fails(batch: list[Any], write: Any) -> bool:
    """Write all or nothing. Raises errors that end the transaction."""
    try:
        with transaction.atomic():
            write(batch)
    except DatabaseError as error:
        if is_transient(error):
            raise
        return True
    return False


def _one_by_one(batch: list[Any], write: Any) -> Refusals:
    return dict(_refusals(batch, write))


def _refusals(batch: list[Any], write: Any) -> Iterator[tuple[int, str]]:
    for row in batch:
        try:
            with transaction.atomic():
                write([row])
        except DatabaseError as error:
            if is_transient(error):
                raise
            yield id(row), f"The database refused it: {error}"
