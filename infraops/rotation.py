"""Encrypt all secrets with the first of ENCRYPTION_KEYS, so that older keys can be removed.

Secrets already under the first key are left alone: an interrupted rotation can be resumed, and a
second one changes nothing. A secret changed in the meantime is already under the first key and is
not overwritten.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Model

from audit.models import AuditLog
from automation.models import Job, Run
from inventory.models import Server, ServerGroup, VariableOverride
from schema import project
from schema.encryption import Undecryptable, encrypted_anew, is_current
from schema.fields import EncryptedTextField
from schema.sealing import ENCRYPTED, change_sealed, has_sealed

ROWS_AT_ONCE = 200
# Columns where secret variables are stored among others.
MIXED = (
    *((Run, "extra_vars"), (Job, "extra_vars")),
    *((model, name) for model in (Server, ServerGroup) for name in ("variables", "variable_files")),
    *((VariableOverride, name) for name in ("value", "replaced")),
)


@dataclass
class RotationReport:
    """Counts by table: `anew` and `current`; `lost` names each secret that no key decrypts."""

    anew: dict[str, int] = field(default_factory=dict)
    current: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def count(self, counts: dict[str, int], model: type[Model]) -> None:
        counts[model._meta.db_table] = counts.get(model._meta.db_table, 0) + 1


def rotate(*, dry_run: bool = False) -> RotationReport:
    """Re-encrypt what is not under the first key. Recorded once, if anything changed."""
    report = RotationReport()
    for model, name in _places():
        for keys in _batches(model):
            if dry_run:
                _look(report, model, name, keys)
            else:
                with transaction.atomic():
                    _look(report, model, name, keys, write=True)
    if report.anew and not dry_run:
        # As texts: a table's name as a key could look like that of a secret.
        done = [f"{count} in {table}" for table, count in report.anew.items()]
        AuditLog.objects.record("encryption.rotated", done=done, not_decrypted=len(report.lost))
    return report


def _places() -> Iterator[tuple[type[Model], str]]:
    """Every (model, column) that holds secrets."""
    for model in project.models():
        for column in model._meta.concrete_fields:
            if isinstance(column, EncryptedTextField):
                yield model, column.name
    yield from MIXED


def _batches(model: type[Model]) -> Iterator[list[int]]:
    last = 0
    rows = model._base_manager.order_by("pk").values_list("pk", flat=True)
    while keys := list(rows.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        yield keys
        last = keys[-1]


def _look(
    report: RotationReport, model: type[Model], name: str, keys: list[int], *, write: bool = False
) -> None:
    rows = model._base_manager.filter(pk__in=keys).order_by("pk")
    if write:
        rows = rows.select_for_update()
    for pk, value in rows.values_list("pk", name):
        try:
            fresh = _anew(value)
        except Undecryptable:
            report.lost.append(f"{model._meta.db_table} {pk}: {name}")
            continue
        if fresh is None:
            continue
        if fresh == value:
            report.count(report.current, model)
            continue
        report.count(report.anew, model)
        if write:
            _write(model, pk, name, fresh)


def _anew(value: Any) -> Any:
    """The value with its secrets under the first key; None if it has none."""
    if isinstance(value, str):
        if not value:
            return None
        return value if is_current(value) else type(value)(encrypted_anew(value))
    if not has_sealed(value):
        return None
    return change_sealed(value, lambda item: item | {ENCRYPTED: _anew(item[ENCRYPTED])})


def _write(model: type[Model], pk: int, name: str, value: Any) -> None:
    """Keep updated_at, which the database might set: nobody has edited the row."""
    times = {"updated_at"} & {column.name for column in model._meta.concrete_fields}
    model._base_manager.filter(pk=pk).update(**{name: value}, **{time: F(time) for time in times})
