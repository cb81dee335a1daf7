"""What is in the groups of an inventory that is read."""

from __future__ import annotations

from collections.abc import Iterable

from inventory.ansible import reading
from inventory.models import UNPLACED, Server, ServerGroup, ServerGroupMember
from inventory.validators import RESERVED_NAMES

from .intake import Intake

# (column, group's key, member's key)
Member = tuple[str, int, int]
WHAT = {"server_id": "servers", "child_id": "groups"}


def set_members(
    listed: reading.ListedInventory,
    intake: Intake,
    rows: dict[str, ServerGroup],
    servers: dict[str, Server],
    refused: set[int],
) -> None:
    """Let the imported servers and groups be where the inventory has them, and nowhere else.

    Members that people or other sources have added stay.
    """
    members = list(ServerGroupMember.objects.filter(group__inventory=intake.inventory))
    left = _wanted(listed, intake, rows, servers)
    ours = {
        *(("server_id", server.pk) for server in servers.values()),
        *(("child_id", row.pk) for row in rows.values()),
    }
    before = _in_groups(members)
    stale: list[ServerGroupMember] = []
    moved: list[ServerGroupMember] = []
    kept: list[ServerGroupMember] = []
    for member in members:
        column, key = _of(member)
        place = left.pop((column, member.group_id, key), None)
        if place is None:
            is_gone = _is_stale(member, intake, (column, key) in ours) and key not in refused
            (stale if is_gone else kept).append(member)
            continue
        kept.append(member)
        if _take(member, intake, place):
            moved.append(member)
    made = [
        ServerGroupMember(group_id=group, source=intake.source, position=place, **{column: key})
        for (column, group, key), place in left.items()
    ]
    _delete(stale)
    ServerGroupMember.objects.bulk_update(moved, ["position", "source"], batch_size=300)
    ServerGroupMember.objects.bulk_create(made, batch_size=500)
    _report(intake, before, _in_groups([*kept, *made]), servers)


def _of(member: ServerGroupMember) -> tuple[str, int]:
    column = "child_id" if member.server_id is None else "server_id"
    return column, getattr(member, column)


def _take(member: ServerGroupMember, intake: Intake, place: int) -> bool:
    """Give it its place, and its source if it has none; False if nothing differs.

    One that another source has put there stays that one's.
    """
    source = intake.source.pk if intake.source else None
    if member.source_id not in (None, source):
        return False
    if (member.position, member.source_id) == (place, source):
        return False
    member.position, member.source = place, intake.source
    return True


def _is_stale(member: ServerGroupMember, intake: Intake, is_imported: bool) -> bool:
    """True if only an earlier reading has it there."""
    if intake.source is not None and member.source_id == intake.source.pk:
        return True
    return member.source_id is None and member.position != UNPLACED and is_imported


def _wanted(
    listed: reading.ListedInventory,
    intake: Intake,
    rows: dict[str, ServerGroup],
    servers: dict[str, Server],
) -> dict[Member, int]:
    """{member: its place in its group}."""
    wanted: dict[Member, int] = {}
    for source in listed.groups:
        if source.name in RESERVED_NAMES:
            continue
        group = rows[source.name].pk
        for place, name in enumerate(source.children, start=intake.first_place):
            wanted["child_id", group, rows[name].pk] = place
        for place, name in enumerate(source.hosts, start=intake.first_place):
            if name in servers:
                wanted["server_id", group, servers[name].pk] = place
    return wanted


def _delete(members: list[ServerGroupMember]) -> None:
    """Without a line of the audit trail for each: that of the import has the groups."""
    for start in range(0, len(members), 500):
        keys = [member.pk for member in members[start : start + 500]]
        rows = ServerGroupMember.objects.filter(pk__in=keys)
        rows._raw_delete(rows.db)


Places = dict[tuple[int, str], list[int]]


def _in_groups(members: Iterable[ServerGroupMember]) -> Places:
    """{(group, column): keys of what is in it, in order}."""
    found: Places = {}
    for member in sorted(members, key=lambda each: (each.position, each.pk or 0)):
        column, key = _of(member)
        found.setdefault((member.group_id, column), []).append(key)
    return found


def _report(intake: Intake, before: Places, after: Places, servers: dict[str, Server]) -> None:
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if not changed:
        return
    names = {
        "server_id": dict(intake.inventory.servers.values_list("pk", "hostname")),
        "child_id": dict(intake.inventory.groups.values_list("pk", "name")),
    }
    for group, column in changed:
        old, new = (
            [names[column][key] for key in each.get((group, column), ())]
            for each in (before, after)
        )
        intake.report.members.append((names["child_id"][group], WHAT[column], old, new))
