"""Overrides: put them into a row's variables where the source's values stand, and take them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.context import acting_for
from audit.models import AuditLog
from audit.redaction import redacted
from inventory.ansible.names import MAGIC_FOR_SERVERS, REFUSED
from inventory.host_variables import variables_to_store
from inventory.models import Server, ServerGroup, VariableOverride
from inventory.validators import VARIABLE
from schema.exceptions import Refused

from . import columns

Row = Server | ServerGroup
Conflict = VariableOverride.Conflict


def undo_overrides(row: Any, overrides: Iterable[VariableOverride]) -> None:
    """Let the row's variables be those of its source, without saving."""
    for override in overrides:
        _put(row, override.file, override.name, override.replaced)


def apply_overrides(row: Any, overrides: Iterable[VariableOverride]) -> list[VariableOverride]:
    """Put the overrides where the values of their names are strongest, without saving.

    Where there is none, among the row's own. Returns those under which the source's value is not
    what it was, with what it is now and the conflict noted.
    """
    differing = []
    for override in overrides:
        file, beneath = _strongest(row, override.name)
        if beneath != override.replaced:
            gone = override.replaced and not beneath
            override.conflict = Conflict.REMOVED if gone else Conflict.CHANGED
        if (file, beneath) != (override.file, override.replaced):
            override.file, override.replaced = file, beneath
            differing.append(override)
        _put(row, file, override.name, override.value)
    return differing


def _strongest(row: Any, name: str) -> tuple[str, dict[str, Any]]:
    """(file, {name: value}) of the value that wins within the row; ("", {}) if there is none."""
    found = [(file, {name: each[name]}) for file, each in row.all_variables() if name in each]
    return found[-1] if found else ("", {})


def _put(row: Any, file: str, name: str, value: dict[str, Any]) -> None:
    """Set the variable to {name: value}, or remove it for {}; as copies, in its place."""
    if not file:
        row.variables = _with(row.variables, name, value)
        return
    row.variable_files = [
        each | {"variables": _with(each["variables"], name, value)}
        if each["path"] == file and "variables" in each
        else each
        for each in row.variable_files
    ]


def _with(variables: dict[str, Any], name: str, value: dict[str, Any]) -> dict[str, Any]:
    if value:
        return variables | value
    return {key: each for key, each in variables.items() if key != name}


# Verbs


def set_override(
    actor: User, row: Row, name: str, value: Any, *, is_secret: bool | None = None
) -> VariableOverride:
    """Let a variable of a server or group have this value, whatever its source says.

    A mask keeps the stored secret. Raises PermissionDenied, Refused for a row that no source owns,
    or ValidationError.
    """
    with transaction.atomic(), acting_for(_permitted(actor)):
        row = _locked(row)
        stored = value_to_store(row, name, value, is_secret=is_secret)
        overrides = list(row.overrides.order_by("pk"))
        known = next((each for each in overrides if each.name == name), None)
        override = known or VariableOverride(name=name, **{_column_of(row): row})
        before = _values(row, name)
        undo_overrides(row, overrides)
        override.value = stored
        override.file, override.replaced = _strongest(row, name)
        override.conflict, override.set_by = "", actor
        override.full_clean(exclude=["server", "group"])
        others = [each for each in overrides if each is not override]
        _write(row, [*others, override], before)
        override.save()
        _record(
            "server.variable_overridden"
            if isinstance(row, Server)
            else "servergroup.variable_overridden",
            *(row, name, before, override.value),
        )
    return override


def value_to_store(
    row: Row, name: str, value: Any, *, is_secret: bool | None = None
) -> dict[str, Any]:
    """{name: value} with its secrets sealed. Raises as `set_override`, and changes nothing."""
    if row.source is None:
        raise Refused(f"{row} belongs to no inventory source: edit its variables instead.")
    _validate_name(row, name)
    marked = None if is_secret is None else [name] if is_secret else []
    stored: dict[str, Any] = variables_to_store({name: value}, _values(row, name), marked)
    return stored


def remove_override(actor: User, override: VariableOverride) -> None:
    """Let the source's value stand again. Raises PermissionDenied."""
    with transaction.atomic(), acting_for(_permitted(actor)):
        row, name = _locked(override.row), override.name
        overrides = list(row.overrides.order_by("pk"))
        before = _values(row, name)
        undo_overrides(row, overrides)
        _write(row, [each for each in overrides if each.pk != override.pk], before)
        override.delete()
        _record(
            "server.override_removed"
            if isinstance(row, Server)
            else "servergroup.override_removed",
            *(row, name, before, _values(row, name)),
        )


def _permitted(actor: User) -> User:
    if not actor.has_perm("inventory.change_variableoverride"):
        raise PermissionDenied("Your role does not allow overriding variables.")
    return actor


def _locked(row: Row) -> Any:
    rows: Any = type(row)._default_manager
    return rows.select_for_update().get(pk=row.pk)


def _column_of(row: Row) -> str:
    return "server" if isinstance(row, Server) else "group"


def _validate_name(row: Any, name: str) -> None:
    """A name that the source has already, or that people may choose. Raises ValidationError."""
    if any(name in variables for _file, variables in row.all_variables()):
        return
    problem = REFUSED if name in MAGIC_FOR_SERVERS else ""
    if not VARIABLE.fullmatch(name):
        problem = "use letters, digits and “_”, no digit first."
    if problem:
        raise ValidationError(f"“{name}”: {problem}")


def _values(row: Any, name: str) -> dict[str, Any]:
    return _strongest(row, name)[1]


def _write(row: Any, overrides: Sequence[VariableOverride], before: dict[str, Any]) -> None:
    """Apply the overrides and save the row, of which the verb's own line tells."""
    for override in apply_overrides(row, overrides):
        override.save(update_fields=["file", "replaced", "conflict", "updated_at"])
    names = ["variables", "variable_files"]
    if isinstance(row, Server):
        columns.derive(row, before, row.variables)
        names += columns.EMPTY
    values = {name: getattr(row, name) for name in names}
    type(row)._default_manager.filter(pk=row.pk).update(**values, updated_at=timezone.now())


def _record(action: str, row: Any, name: str, before: Any, after: Any) -> None:
    shown, now = redacted(before), redacted(after)
    changes = {name: [shown.get(name), now.get(name)]}
    AuditLog.objects.record(action, row, changes=changes)
