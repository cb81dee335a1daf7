"""Groups of an imported inventory, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from inventory.ansible import reading
from inventory.models import UNPLACED, GroupGraph, Inventory, Server, ServerGroup, ServerGroupMember
from inventory.validators import RESERVED_NAMES
from schema.exceptions import Refused

from .variables import take_files, take_variables

if TYPE_CHECKING:
    from .inventories import InventoryImport

COMPARED = ("variables", "variable_files", "imported_variables", "priority", "position")
# (column, group's key, member's key)
Member = tuple[str, int, int]


def import_groups(
    read: reading.ListedInventory,
    inventory: Inventory,
    servers: dict[str, Server],
    report: InventoryImport,
) -> None:
    """Write the groups and their members. Raises Refused for one that cannot be stored."""
    known = {group.name: group for group in inventory.groups.all()}
    rows: dict[str, ServerGroup] = {}
    for position, source in enumerate(read.groups):
        if source.name in RESERVED_NAMES and not (source.variables or source.files):
            source_row = known.get(source.name)
            if source_row is None:
                continue
        row = known.get(source.name) or ServerGroup(inventory=inventory, name=source.name)
        _import_group(source, row, position, report)
        rows[source.name] = row
    _set_members(inventory, _wanted(read, rows, servers), rows, servers, report)
    try:
        GroupGraph(inventory).refuse_cycles()
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None


def _import_group(
    source: reading.ListedGroup, row: ServerGroup, position: int, report: InventoryImport
) -> None:
    before = [getattr(row, name) for name in COMPARED]
    take_variables(source, row)
    take_files(source, row)
    row.priority, row.position = source.priority, position
    report.note_values(source, row)
    try:
        row.full_clean()
    except ValidationError as error:
        raise Refused(f"The group “{source.name}”: {' '.join(error.messages)}") from None
    is_new = row.pk is None
    if is_new or [getattr(row, name) for name in COMPARED] != before:
        row.save()
        (report.groups_added if is_new else report.groups_changed).append(source.name)


def _wanted(
    read: reading.ListedInventory, rows: dict[str, ServerGroup], servers: dict[str, Server]
) -> dict[Member, int]:
    """{member: its place in its group}."""
    wanted: dict[Member, int] = {}
    for source in read.groups:
        if source.name in RESERVED_NAMES:
            continue
        group = rows[source.name].pk
        for place, name in enumerate(source.children):
            wanted["child_id", group, rows[name].pk] = place
        for place, name in enumerate(source.hosts):
            if name in servers:
                wanted["server_id", group, servers[name].pk] = place
    return wanted


def _set_members(
    inventory: Inventory,
    wanted: dict[Member, int],
    rows: dict[str, ServerGroup],
    servers: dict[str, Server],
    report: InventoryImport,
) -> None:
    """Let the imported servers and groups be where the inventory has them, and nowhere else.

    Members that people have added, which have no place, stay.
    """
    ours = {
        *(("server_id", server.pk) for server in servers.values()),
        *(("child_id", row.pk) for row in rows.values()),
    }
    stale, moved, left = [], [], dict(wanted)
    for member in ServerGroupMember.objects.filter(group__inventory=inventory):
        column = "child_id" if member.server_id is None else "server_id"
        key = getattr(member, column)
        place = left.pop((column, member.group_id, key), None)
        if place is None:
            if member.position != UNPLACED and (column, key) in ours:
                stale.append(member)
        elif place != member.position:
            member.position = place
            moved.append(member)
    made = [
        ServerGroupMember(group_id=group, position=place, **{column: key})
        for (column, group, key), place in left.items()
    ]
    ServerGroupMember.objects.filter(pk__in=[member.pk for member in stale]).delete()
    ServerGroupMember.objects.bulk_update(moved, ["position"], batch_size=500)
    ServerGroupMember.objects.bulk_create(made, batch_size=500)
    _note_changed(report, rows, [*stale, *moved, *made])


def _note_changed(
    report: InventoryImport, rows: dict[str, ServerGroup], members: list[Any]
) -> None:
    names = {row.pk: name for name, row in rows.items()}
    reported = {*report.groups_added, *report.groups_changed}
    changed = {names.get(member.group_id, "") for member in members} - reported - {""}
    report.groups_changed += sorted(changed)
