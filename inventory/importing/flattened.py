"""Variables that earlier releases have copied from groups to their hosts, and where they are from.

Their imports flattened an inventory: each server got the variables of its groups as its own. A copy
hides what its group says later, until the inventory is imported again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.conf import settings

from inventory.ansible import reading
from inventory.models import GroupGraph, Inventory, Server

from .variables import flattened_copies

# Files that teams call their inventories by.
USUAL_NAME = re.compile(r"(?:hosts|inventory)(?:[._-][\w.-]*+)?|[\w.-]++\.(?:ini|toml)")
USUAL_FOLDER = "inventories"
VARIABLES = ("group_vars", "host_vars")
MOST_FILES = 200


@dataclass
class Flattened:
    """`copies`: {path of an inventory: {variable: servers that have a copy}}.

    `elsewhere` is the same by group: what all of its servers have, and no inventory that was read.
    `unreadable`: {path: why}, for paths that were given.
    """

    copies: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    elsewhere: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def find_flattened(paths: Iterable[Path] = ()) -> Flattened:
    """Read these inventories, or those below PLAYBOOK_ROOT, in which nothing is then executed."""
    found = Flattened()
    left = {server.hostname: server for server in _never_imported_since()}
    given = list(paths)
    for path in given or usual_places():
        try:
            listed = reading.read(path, as_data=not given)
        except reading.Unreadable as error:
            if given:
                found.unreadable[str(path)] = str(error)
            continue
        if copies := _take_copies(listed, left):
            found.copies[str(path)] = copies
    found.elsewhere = _alike_in_groups(left)
    return found


def usual_places() -> Iterator[Path]:
    """Files below PLAYBOOK_ROOT that may be inventories by their names."""
    root = Path(settings.PLAYBOOK_ROOT).resolve()
    found = (path for path in sorted(root.rglob("*")) if _may_be_inventory(path.relative_to(root)))
    return islice((root / path for path in found if path.is_file()), MOST_FILES)


def _may_be_inventory(path: Path) -> bool:
    folders = path.parts[:-1]
    if any(part.startswith(".") or part in VARIABLES for part in path.parts):
        return False
    return USUAL_FOLDER in folders or USUAL_NAME.fullmatch(path.name) is not None


def _never_imported_since() -> list[Server]:
    """Earlier releases had only what is the default inventory now."""
    servers = Inventory.objects.default().servers.order_by("position", "pk")
    return [each for each in servers if each.variables and not _is_imported(each)]


def _is_imported(server: Server) -> bool:
    return bool(server.source_id or server.imported_variables or server.variable_files)


def _take_copies(listed: reading.ListedInventory, left: dict[str, Server]) -> dict[str, list[str]]:
    """{variable: servers that have a copy}; takes these out of `left`."""
    copies: dict[str, list[str]] = {}
    for host in listed.hosts:
        server = left.get(host.name.lower())
        for name in flattened_copies(listed, host, server) if server else ():
            copies.setdefault(name, []).append(host.name.lower())
    for hostname in {each for names in copies.values() for each in names}:
        del left[hostname]
    return copies


def _alike_in_groups(left: dict[str, Server]) -> dict[str, dict[str, list[str]]]:
    """Values that all servers of a group have alike; of a group with one nobody can tell."""
    graph = GroupGraph(Inventory.objects.default())
    by_key = {server.pk: server for server in left.values()}
    found: dict[str, dict[str, list[str]]] = {}
    for pk, group in graph.groups.items():
        keys = graph.servers_below(pk)
        members = [by_key[key] for key in keys if key in by_key]
        if len(members) != len(keys) or len(members) < 2:
            continue
        for name, value in members[0].variables.items():
            if all(each.variables.get(name) == value for each in members):
                names = [each.hostname for each in members]
                found.setdefault(group.name, {})[name] = names
    return found
