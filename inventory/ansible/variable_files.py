"""Write group_vars/ and host_vars/ beside a run's inventory, as they were where it was imported."""

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from inventory.host_variables import opened_if_possible, opened_variables
from inventory.models import GroupGraph, Server

from . import ssh_programs
from .connection import without_connection_secrets, without_logins
from .credential_variables import Logins, write_private

GROUP_VARS, HOST_VARS = "group_vars", "host_vars"
# Of files with variables.
SUFFIXES = {".yml", ".yaml", ".json"}


def write_variable_files(
    folder: Path,
    targets: Iterable[Server],
    neighbours: Iterable[Server],
    graph: GroupGraph,
    logins: Logins,
) -> None:
    """Raises Undecryptable for a secret of a target or a group.

    JSON is YAML, too, so the names stay as they are. Left out are logins of neighbours, and of
    targets what their credentials replace.
    """
    targets = list(targets)
    reaching = graph.reaching(server.pk for server in targets)
    for pk, group in graph.groups.items():
        for file in group.variable_files:
            given = file.get("variables", {})
            kept = given if pk in reaching else without_connection_secrets(given)
            _write(folder, file, opened_variables(group, kept))
    for server in targets:
        replaced = logins.replaced(server)
        replaced |= {*ssh_programs.VARIABLES} if ssh_programs.needs_own(server, logins) else set()
        for file in server.variable_files:
            given = file.get("variables", {})
            kept = {name: value for name, value in given.items() if name not in replaced}
            _write(folder, file, opened_variables(server, kept))
    for server in neighbours:
        for file in server.variable_files:
            kept = without_logins(file.get("variables", {}))
            _write(folder, file, opened_if_possible(kept))


def link_other_files(
    folder: Path, beside: Iterable[Path], hosts: Collection[str], groups: Collection[str]
) -> None:
    """Link the files beside the inventory that are for none of its hosts and groups.

    They are for those that a play makes (`group_by`, `add_host`), and for an implicit localhost.
    """
    for original in beside:
        for kind, names in ((GROUP_VARS, groups), (HOST_VARS, hosts)):
            for path in sorted(_entries(original / kind)):
                name = path.stem if path.suffix in SUFFIXES else path.name
                place = folder / kind / path.name
                if name not in names and not os.path.lexists(place):
                    place.parent.mkdir(mode=0o700, exist_ok=True)
                    place.symlink_to(path)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _write(folder: Path, file: dict[str, Any], variables: dict[str, Any]) -> None:
    path = PurePosixPath(file["path"])
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{path} is not beside the inventory.")
    target = folder / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(target, file.get("vaulted") or json.dumps(variables))
