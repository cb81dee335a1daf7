"""Take over an Ansible inventory: hosts, groups, what is in them, their order, their variables.

What the inventory sets is set, and what an earlier import has set and is gone from it is removed.
Servers, groups, members and variables that people have added stay.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from audit.models import AuditLog
from inventory.ansible import reading
from inventory.models import Inventory, Server
from schema.exceptions import Refused
from schema.sealing import sealed_paths

from . import columns
from .groups import import_groups
from .names import Hostnames
from .variables import flattened_copies, take_files, take_variables

COMPARED = (
    *("inventory_name", "position", "ip_address", "ssh_port", "ssh_user", "ssh_key_path"),
    *("environment", "variables", "variable_files", "imported_variables"),
)


class NotTaken(Exception):
    """This host does not become a server; the message says why."""


@dataclass
class InventoryImport:
    """Names of servers and groups by result; `refused` includes reasons."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    groups_added: list[str] = field(default_factory=list)
    groups_changed: list[str] = field(default_factory=list)
    # {variable, or path of a value in it: hosts and groups}
    encrypted: dict[str, list[str]] = field(default_factory=dict)
    # {path of a value that JSON cannot hold as it is: hosts and groups}
    inexact: dict[str, list[str]] = field(default_factory=dict)
    # {variable that an earlier release copied from a group: hosts it was removed from}
    unflattened: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_all_refused(self) -> bool:
        return bool(self.refused) and not (self.added or self.changed or self.unchanged)

    def note_values(self, source: reading.ListedHost, row: Any) -> None:
        """Add what is encrypted and what is inexact of a host or group."""
        taken = {name: row.variables.get(name) for name in source.variables}
        files = {file["path"]: file.get("variables", {}) for file in row.variable_files}
        for path, _value in sealed_paths(taken | files):
            self.encrypted.setdefault(path, []).append(source.name)
        for path in source.changed:
            self.inexact.setdefault(path, []).append(source.name)


def import_inventory(
    listed: reading.ListedInventory,
    name: str = "",
    *,
    environment: str = "",
    dry_run: bool = False,
) -> InventoryImport:
    """Write it as rows of the inventory of this name, all or none of it; without a name, the
    default one.

    Records each changed row, and the import. Raises ValidationError for an impossible name, and
    Refused if the inventory cannot be taken as a whole. Single hosts may be refused, with a reason.
    """
    report = InventoryImport()
    with transaction.atomic():
        inventory = _inventory(name)
        servers = _import_hosts(listed, inventory, environment, report)
        import_groups(listed, inventory, servers, report)
        if report.added or report.changed or report.groups_added or report.groups_changed:
            _record(inventory, report)
        if dry_run:
            transaction.set_rollback(True)
    return report


def _inventory(name: str) -> Inventory:
    found = Inventory.objects.named(name) if name else Inventory.objects.default()
    if found is None:
        found = Inventory(name=name)
        found.full_clean()
        found.save()
    return found


def _record(inventory: Inventory, report: InventoryImport) -> None:
    counts = {
        name: len(getattr(report, name))
        for name in ("added", "changed", "unchanged", "refused", "groups_added", "groups_changed")
    }
    AuditLog.objects.record("inventory.imported", inventory, **counts)


def _import_hosts(
    listed: reading.ListedInventory, inventory: Inventory, environment: str, report: InventoryImport
) -> dict[str, Server]:
    """{host: its server}, without those refused."""
    hostnames = Hostnames(inventory, [host.name for host in listed.hosts])
    servers = {}
    for position, host in enumerate(listed.hosts):
        server = hostnames.server_of(host.name)
        before = [getattr(server, name) for name in COMPARED]
        try:
            copies = _apply(listed, host, server, environment)
            server.position = position
            _file(report, server, before)
        except NotTaken as reason:
            report.refused[host.name] = str(reason)
            continue
        servers[host.name] = server
        report.note_values(host, server)
        for name in copies:
            report.unflattened.setdefault(name, []).append(host.name)
    return servers


def _apply(
    listed: reading.ListedInventory, host: reading.ListedHost, server: Server, environment: str
) -> list[str]:
    """Set the host's values on the server, without saving.

    Returns names of variables that were copies of a group's.
    """
    try:
        copies = flattened_copies(listed, host, server)
        server.variables = {n: v for n, v in server.variables.items() if n not in copies}
        columns.derive(host, server, environment)
        take_variables(host, server)
        take_files(host, server)
    except Refused as problem:
        raise NotTaken(str(problem)) from None
    return copies


def _file(report: InventoryImport, server: Server, before: list[Any]) -> None:
    """Validate and save the server if it changed, and add it to the report. Raises NotTaken."""
    try:
        server.full_clean()
        is_new = server.pk is None
        is_changed = [getattr(server, name) for name in COMPARED] != before
        if is_new or is_changed:
            with transaction.atomic():
                server.save()
    except ValidationError as error:
        raise NotTaken(" ".join(error.messages)) from None
    except DatabaseError as error:
        raise NotTaken(f"The database refused it: {error}") from None
    lines = report.added if is_new else report.changed if is_changed else report.unchanged
    lines.append(server.hostname)
