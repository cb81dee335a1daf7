"""What an import has done, or would do: row by row, and value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac

from audit.redaction import masked_like, redacted
from inventory.ansible import reading
from inventory.large_numbers import as_numbers
from inventory.models import Server, ServerGroup
from schema.encryption import Undecryptable
from schema.sealing import MASK, open_sealed, sealed_paths

Row = Server | ServerGroup
# Columns that are shown as they are.
COLUMNS = {
    Server: {"environment": "environment", "is_active": "active"},
    ServerGroup: {"priority": "ansible_group_priority"},
}


@dataclass(frozen=True)
class ValueDifference:
    """One value of a server ("server"), of a group, or of the inventory; secrets are masked.

    `what` is "row" (the server or group itself), "variable", "column", "servers" or "groups" (what
    is in a group, or in the inventory, in order) or "vault file". Before or after, None may also be
    the value; `change` ("added", "changed", "removed") tells.
    """

    kind: str
    row: str
    what: str
    name: str
    change: str
    before: Any = None
    after: Any = None
    # The file beside the inventory in which the variable stands; "" for the inventory itself.
    file: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class InventoryImport:
    """Names of servers (their host names) and groups by result; `refused` includes reasons."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    # Made by hand, or imported once, and a source's from now on.
    adopted: list[str] = field(default_factory=list)
    # Gone from the source and therefore deactivated; and back again.
    gone: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    groups_added: list[str] = field(default_factory=list)
    groups_changed: list[str] = field(default_factory=list)
    groups_removed: list[str] = field(default_factory=list)
    # {what they are kept for: groups} that are gone from the source.
    kept: dict[str, list[str]] = field(default_factory=dict)
    # {variable: hosts and groups}: overrides made of what people had written there.
    overridden: dict[str, list[str]] = field(default_factory=dict)
    # {"changed" or "removed": ["port of web1"]}: overrides under which the source's value changed.
    conflicts: dict[str, list[str]] = field(default_factory=dict)
    # {variable, or path of a value in it: hosts and groups}
    encrypted: dict[str, list[str]] = field(default_factory=dict)
    # {path of a value that JSON cannot hold as it is: hosts and groups}
    inexact: dict[str, list[str]] = field(default_factory=dict)
    # {variable that an earlier release copied from a group: hosts it was removed from}
    unflattened: dict[str, list[str]] = field(default_factory=dict)
    # What Ansible printed while it read.
    warnings: str = ""
    # True: the source is as it was, and nothing was read.
    is_skipped: bool = False
    # Rows before and after; None: there was none, or is none any more.
    touched: list[tuple[Row | None, Row | None]] = field(default_factory=list)
    # (group's name, "servers" or "groups", names before, names after)
    members: list[tuple[str, str, list[str], list[str]]] = field(default_factory=list)
    # Names of the servers in the inventory's order, before and after; None if that is the same.
    order: tuple[list[str], list[str]] | None = None

    @property
    def is_all_refused(self) -> bool:
        return bool(self.refused) and not (self.added or self.changed or self.unchanged)

    @property
    def changes_anything(self) -> bool:
        return bool(self.touched or self.members or self.order or self.groups_changed)

    def counts(self) -> dict[str, int]:
        """{result: how many}, for people and for the audit trail."""
        names = (
            *("added", "changed", "unchanged", "refused", "adopted", "gone", "returned"),
            *("groups_added", "groups_changed", "groups_removed"),
        )
        return {name: len(getattr(self, name)) for name in names}

    def note_values(self, source: reading.ListedHost, row: Any) -> None:
        """Add what is encrypted and what is inexact of a host or group."""
        taken = {name: row.variables.get(name) for name in source.variables}
        files = {file["path"]: file.get("variables", {}) for file in row.variable_files}
        for path, _value in sealed_paths(taken | files):
            self.encrypted.setdefault(path, []).append(source.name)
        for path in source.changed:
            self.inexact.setdefault(path, []).append(source.name)

    def differences(self) -> Iterator[ValueDifference]:
        """Value by value, in the order in which the rows were read."""
        for before, after in self.touched:
            yield from _of_row(before, after)
        for group, what, old, new in self.members:
            yield ValueDifference("group", group, what, "", _change(old, new), old, new)
        if self.order is not None:
            old, new = self.order
            yield ValueDifference("inventory", "", "servers", "", "changed", old, new)

    def digest(self) -> str:
        """A hash of everything that would be written, secrets included, made with SECRET_KEY.

        Two reports have the same if they would do the same.
        """
        rows = [[_stored(before), _stored(after)] for before, after in self.touched]
        told = [rows, self.members, self.order, self.refused, self.conflicts]
        text = json.dumps(told, sort_keys=True, default=str)
        return salted_hmac("inventory import", text, algorithm="sha256").hexdigest()


def _of_row(before: Row | None, after: Row | None) -> Iterator[ValueDifference]:
    row: Any = after or before
    kind = "server" if isinstance(row, Server) else "group"
    name = row.hostname if isinstance(row, Server) else row.name
    if before is None or after is None:
        yield ValueDifference(kind, name, "row", "", "added" if before is None else "removed")
    for column, label in COLUMNS[type(row)].items():
        old, new = (getattr(each, column, None) for each in (before, after))
        if before is not None and after is not None and old != new:
            yield ValueDifference(kind, name, "column", label, "changed", old, new)
    files_before, files_after = _places(before), _places(after)
    for file in dict.fromkeys([*files_before, *files_after]):
        yield from _of_place(kind, name, file, files_before.get(file), files_after.get(file))


def _of_place(kind: str, row: str, file: str, old: Any, new: Any) -> Iterator[ValueDifference]:
    if isinstance(old, str) or isinstance(new, str):
        if old != new:
            yield ValueDifference(kind, row, "vault file", file, _change(old, new), file=file)
        # What stood in a file that is encrypted now is a secret.
        old = {name: MASK for name in old or ()} if isinstance(old, dict) else {}
        new = {} if isinstance(new, str) else new
    old, new = old or {}, new or {}
    # What is secret on one side is the same secret on the other.
    shown_old, shown_new = redacted(masked_like(old, new)), redacted(masked_like(new, old))
    for name in dict.fromkeys([*old, *new]):
        if name in old and name in new and old[name] == new[name]:
            continue
        change = "added" if name not in old else "removed" if name not in new else "changed"
        before, after = (as_numbers(each.get(name)) for each in (shown_old, shown_new))
        yield ValueDifference(kind, row, "variable", name, change, before, after, file)


def _places(row: Row | None) -> dict[str, Any]:
    """{file, or "": its variables; the text of one that is encrypted as a whole}."""
    if row is None:
        return {}
    files = {file["path"]: file.get("vaulted") or file["variables"] for file in row.variable_files}
    return {"": row.variables, **files}


def _change(old: Any, new: Any) -> str:
    return "added" if not old else "removed" if not new else "changed"


def _stored(row: Row | None) -> Any:
    if row is None:
        return None
    columns = [getattr(row, name) for name in COLUMNS[type(row)]]
    return [str(row), _opened(row.variables), _opened(row.variable_files), *columns]


def _opened(value: Any) -> Any:
    """Decrypted, as no secret is encrypted twice alike."""
    try:
        return open_sealed(value)
    except Undecryptable:
        return value
