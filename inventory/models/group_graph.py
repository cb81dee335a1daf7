"""The groups of one inventory in memory: what is in them, and what they are in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from inventory.ansible.connection import CONNECTION_NAMES, is_connection_secret

if TYPE_CHECKING:
    from .groups import ServerGroup
    from .inventories import Inventory

# What Ansible has without being told. Rows of these names only have variables.
ALL, UNGROUPED = "all", "ungrouped"


class GroupGraph:
    """Read once, in two queries, the second when it is needed; keys throughout, in order.

    `children` and `servers` are what a group has directly.
    """

    def __init__(self, inventory: Inventory) -> None:
        rows = inventory.groups.order_by("position", "id")
        self.groups: dict[int, ServerGroup] = {group.pk: group for group in rows}
        self._inventory = inventory
        for group in self.groups.values():
            group.inventory = inventory

    @cached_property
    def children(self) -> dict[int, list[int]]:
        return self._members[0]

    @cached_property
    def servers(self) -> dict[int, list[int]]:
        return self._members[1]

    @cached_property
    def _members(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        children: dict[int, list[int]] = {pk: [] for pk in self.groups}
        servers: dict[int, list[int]] = {pk: [] for pk in self.groups}
        if not self.groups:
            return children, servers
        members = self._inventory.groups.filter(members__isnull=False)
        members = members.order_by("members__position", "members__id")
        columns = ("pk", "members__server_id", "members__child_id")
        for group, server, child in members.values_list(*columns):
            if group not in self.groups:
                continue  # made meanwhile
            if child is None:
                servers[group].append(server)
            elif child in self.groups:
                children[group].append(child)
        return children, servers

    @cached_property
    def parents(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {pk: [] for pk in self.groups}
        for parent, children in self.children.items():
            for child in children:
                found[child].append(parent)
        return found

    @cached_property
    def by_name(self) -> dict[str, ServerGroup]:
        return {group.name: group for group in self.groups.values()}

    def below(self, group: int) -> list[int]:
        """The group and all groups in it, at any depth, each once."""
        return _walk(group, self.children)

    def above(self, group: int) -> list[int]:
        """The group and all groups that contain it."""
        return _walk(group, self.parents)

    def servers_below(self, group: int) -> list[int]:
        """The servers in it at any depth, in Ansible's order: its own first, each once."""
        each = (server for pk in self.below(group) for server in self.servers[pk])
        return list(dict.fromkeys(each))

    @cached_property
    def groups_of(self) -> dict[int, list[int]]:
        """{server: every group that it is in, at any depth}, without `all` and `ungrouped`."""
        found: dict[int, dict[int, None]] = {}
        for group, servers in self.servers.items():
            above = self.above(group) if servers else []
            for server in servers:
                found.setdefault(server, {}).update(dict.fromkeys(above))
        return {server: list(groups) for server, groups in found.items()}

    def with_variables_for(self, server: int) -> list[ServerGroup]:
        """Every group whose variables reach this server: `all`, then its groups or `ungrouped`."""
        own = [self.groups[pk] for pk in self.groups_of.get(server, [])]
        built_in = [ALL] if own else [ALL, UNGROUPED]
        return [self.by_name[name] for name in built_in if name in self.by_name] + own

    def reaching(self, servers: Iterable[int]) -> set[int]:
        """Every group whose variables reach one of these servers."""
        return {group.pk for server in servers for group in self.with_variables_for(server)}

    def depth(self, group: int) -> int:
        """The longest way down to it from `all`, which is at 0."""
        known = self._depths
        if group not in known:
            known[group] = 1 + max(map(self.depth, self.parents[group]), default=0)
        return known[group]

    @cached_property
    def _depths(self) -> dict[int, int]:
        return {}

    def layers_for(self, server: int | None) -> list[tuple[str, dict[str, Any]]]:
        """(source, variables) from the server's groups, in Ansible's order, weakest first."""
        groups = self.with_variables_for(server or 0)
        everybody = [group for group in groups if group.name == ALL]
        others = sorted(
            (group for group in groups if group.name != ALL),
            key=lambda group: (self.depth(group.pk), group.priority, group.name),
        )
        ordered = [*everybody, *others]
        own = [(f"Group {group.name}", group.variables) for group in ordered]
        # What stands in files comes after all that stands in the inventory itself.
        return own + [layer for group in ordered for layer in group.all_variables()[1:]]

    def connection_names_for(self, server: int) -> frozenset[str]:
        """The names that its groups set, or may set in vaulted files, of what connects to it:
        CONNECTION_NAMES, and secrets of other plugins.
        """
        own = tuple(self.groups_of.get(server, ()))
        if own not in self._names_together:
            groups = self.with_variables_for(server)
            names = (self._connection_names[group.pk] for group in groups)
            self._names_together[own] = frozenset().union(*names)
        return self._names_together[own]

    @cached_property
    def _names_together(self) -> dict[tuple[int, ...], frozenset[str]]:
        """By the groups that servers have in common."""
        return {}

    def connection_names(self, group: int) -> frozenset[str]:
        """The same of one group alone."""
        return self._connection_names[group]

    @cached_property
    def _connection_names(self) -> dict[int, frozenset[str]]:
        return {pk: _connection_names_in(group) for pk, group in self.groups.items()}

    def refuse_cycle(self, parent: int, child: int) -> None:
        """Raise ValidationError if `child` contains `parent`; the message names the path."""
        if path := self._path(child, parent):
            names = " → ".join(self.groups[pk].name for pk in [parent, *path])
            raise ValidationError(f"A group cannot contain itself: {names}.")

    def refuse_cycles(self) -> None:
        for parent, children in self.children.items():
            for child in children:
                self.refuse_cycle(parent, child)

    def _path(self, start: int, end: int) -> list[int]:
        """The groups on a way down from one to the other; empty if there is none."""
        came_from: dict[int, int] = {}
        for pk in (found := [start]):
            if pk == end:
                path = [pk]
                while path[0] != start:
                    path.insert(0, came_from[path[0]])
                return path
            new = [each for each in self.children[pk] if each not in came_from and each != start]
            came_from.update(dict.fromkeys(new, pk))
            found += new
        return []


def _connection_names_in(group: ServerGroup) -> frozenset[str]:
    is_vaulted = any("vaulted" in file for file in group.variable_files)
    names = {name for _source, variables in group.all_variables() for name in variables}
    found = {name for name in names if name in CONNECTION_NAMES or is_connection_secret(name)}
    return frozenset(found) | (CONNECTION_NAMES if is_vaulted else frozenset())


def _walk(start: int, nexts: dict[int, list[int]]) -> list[int]:
    """Level by level, as Ansible walks, each once."""
    found = [start]
    seen = {start}
    for pk in found:
        new = [each for each in nexts[pk] if each not in seen]
        seen.update(new)
        found += new
    return found
