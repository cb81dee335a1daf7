"""Write the servers and groups of an inventory for one run, as Ansible has them: unflattened.

The inventory is an executable script that prints JSON with `_meta`: with 10,000 hosts,
ansible-playbook reads it in half the time it needs for YAML. What stood in files beside an imported
inventory stands in files beside it, so that it keeps its place in Ansible's precedence.
"""

import json
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from inventory.host_variables import NESTED, opened_if_possible, opened_variables
from inventory.models import (
    ALL,
    UNGROUPED,
    Credential,
    GroupGraph,
    Server,
    group_name,
    share_inventories,
)
from inventory.validators import is_marked_wrongly

from . import ssh_programs
from .connection import (
    address_of,
    has_own,
    is_connection_secret,
    port_of,
    without_connection_secrets,
    without_logins,
)
from .credential_variables import KNOWN_HOSTS, Logins, as_data, every_spelling, write_private
from .everybody import list_everybody
from .variable_files import link_other_files, write_variable_files

DATA = "hosts.json"
SCRIPT = "#!/bin/sh\nexec cat -- {data}\n"
ENVIRONMENT = "infraops_environment"
PRIORITY = "ansible_group_priority"
# Groups with a meaning of their own in Ansible.
RESERVED_GROUPS = {ALL, UNGROUPED, "_meta", "localhost"}
# A server's inventory_dir and inventory_file; empty: those that Ansible sets.
Location = Callable[[Server], dict[str, str]]


def nowhere_else(server: Server) -> dict[str, str]:
    """The location of an inventory that is read where it is."""
    return {}


def write_inventory(
    folder: Path,
    targets: Iterable[Server],
    neighbours: Iterable[Server] = (),
    credential: Credential | None = None,
    location: Location = nowhere_else,
    beside: Iterable[Path] = (),
) -> Path:
    """Write script, data, variable files, keys and pinned host keys into `folder` (mode 0700).

    Returns the script's path. `beside` are the folders of the inventory's own files.

    Targets get their credentials (or the one given), neighbours everything but their logins.
    Raises Undecryptable for a secret of a target or a group.
    """
    targets, neighbours = list(targets), list(neighbours)
    share_inventories([*targets, *neighbours])
    graph = GroupGraph(targets[0].inventory)  # as it is now
    data, script = folder / DATA, folder / "hosts"
    logins = Logins(folder, targets, credential)
    built = build_inventory(targets, neighbours, logins, graph, location)
    write_private(data, json.dumps(built))
    write_private(script, SCRIPT.format(data=shlex.quote(str(data.absolute()))), 0o700)
    write_variable_files(folder, targets, neighbours, graph, logins)
    link_other_files(folder, beside, built["_meta"]["hostvars"], {*built, ALL, UNGROUPED})
    everybody = [*targets, *neighbours]
    ssh_programs.write_programs(folder, everybody, targets, logins)
    by_alias = {server.pk: server for server in ssh_programs.renamed(everybody).values()}
    by_alias |= {server.pk: server for server in targets}
    known = known_hosts(everybody) + aliases(by_alias.values())
    write_private(folder / KNOWN_HOSTS, known)
    return script


def build_inventory(
    targets: list[Server],
    neighbours: list[Server],
    logins: Logins,
    graph: GroupGraph | None = None,
    location: Location = nowhere_else,
) -> dict[str, Any]:
    """The structure that Ansible expects from `--list`."""
    graph = graph or targets[0].inventory.graph
    own = {server.pk: _of_neighbour(server, graph) for server in neighbours}
    own |= {server.pk: _of_target(server, logins, graph) for server in targets}
    servers = sorted([*targets, *neighbours], key=lambda each: (each.position, each.pk))
    hostvars = {each.inventory_name: location(each) | own[each.pk] for each in servers}
    everybody = graph.by_name.get(ALL)
    vars_of = _variables_for(targets, graph)
    own_for_all = vars_of(everybody) if everybody else {}
    for_all = _shared(targets, neighbours, logins, hostvars, own_for_all)
    built = arranged(servers, hostvars, for_all, graph, vars_of)
    names = {server.pk: server.inventory_name for server in servers}
    return {**built, ALL: {**list_everybody(graph, names), "vars": for_all}}


def arranged(
    servers: list[Server],
    hostvars: dict[str, dict[str, Any]],
    for_all: dict[str, Any],
    graph: GroupGraph,
    vars_of: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Groups and `_meta` as a script prints them; `vars_of(group)` are the group's variables.

    The servers are in the inventory's order.
    """
    names = {server.pk: server.inventory_name for server in servers}
    inventory: dict[str, Any] = {ALL: {"hosts": list(names.values()), "vars": for_all}}
    for pk, group in graph.groups.items():
        if group.name not in (ALL, UNGROUPED):
            # Without `hosts`, Ansible takes it for a host.
            hosts = [names[each] for each in graph.servers[pk] if each in names]
            children = [graph.groups[child].name for child in graph.children[pk]]
            variables = vars_of(group) | _priority_of(group)
            inventory[group.name] = {"hosts": hosts, "children": children, "vars": variables}
    ungrouped = graph.by_name.get(UNGROUPED)
    if ungrouped:
        inventory |= _ungrouped(graph, names, vars_of(ungrouped))
    inventory |= _environments(servers, inventory)
    inventory["_meta"] = {"hostvars": hostvars}
    return inventory


def _of_target(server: Server, logins: Logins, graph: GroupGraph) -> dict[str, Any]:
    inherited = graph.connection_names_for(server.pk)
    variables = every_spelling(connection_of(server), inherited) | logins.merged(server, inherited)
    if ssh_programs.needs_own(server, logins):
        own = ssh_programs.variables_of(server, logins.folder)
        variables |= {name: as_data(path) for name, path in own.items()}
    return variables


def _of_neighbour(server: Server, graph: GroupGraph) -> dict[str, Any]:
    inherited = graph.connection_names_for(server.pk)
    columns = every_spelling(connection_of(server), inherited)
    # Passwords that groups set are for targets only.
    silenced = [name for name in inherited if is_connection_secret(name)]
    return columns | variables_of_neighbour(server) | dict.fromkeys(silenced, "")


def _variables_for(targets: list[Server], graph: GroupGraph) -> Callable[[Any], dict[str, Any]]:
    """What gives a group's variables, decrypted; connection secrets only if it has targets."""
    reaching = graph.reaching(server.pk for server in targets)

    def opened(group: Any) -> dict[str, Any]:
        given = group.variables
        kept = given if group.pk in reaching else without_connection_secrets(given)
        return opened_variables(group, kept)

    return opened


def _priority_of(group: Any) -> dict[str, Any]:
    return {PRIORITY: group.priority} if group.priority != 1 else {}


def _ungrouped(
    graph: GroupGraph, names: dict[int, str], variables: dict[str, Any]
) -> dict[str, Any]:
    """Only if it has variables: an empty one would be no group."""
    hosts = [name for pk, name in names.items() if pk not in graph.groups_of]
    return {UNGROUPED: {"hosts": hosts, "vars": variables}} if variables and hosts else {}


def _environments(servers: list[Server], inventory: dict[str, Any]) -> dict[str, Any]:
    """A group for each environment, if the inventory separates them and has none of that name."""
    found: dict[str, Any] = {}
    taken = {*RESERVED_GROUPS, *inventory, *(server.inventory_name for server in servers), ""}
    for server in servers:
        name = group_name(server.environment)
        if server.inventory.separates_environments and name not in taken:
            found.setdefault(name, {"hosts": []})["hosts"].append(server.inventory_name)
    return found


def _shared(
    targets: list[Server],
    neighbours: list[Server],
    logins: Logins,
    hostvars: dict[str, dict[str, Any]],
    for_all: dict[str, Any],
) -> dict[str, Any]:
    """The variables of all hosts, with the login for delegated tasks.

    If the credentials may not be used on all neighbours, sets it on those where they may.
    """
    shared = {name: value for name, value in logins.shared(targets).items() if name not in for_all}
    covered = logins.covered(targets, neighbours) if shared else []
    if len(covered) == len(neighbours):
        return for_all | shared
    for server in covered:
        name = server.inventory_name
        hostvars[name] = shared | hostvars[name]
    return for_all


def known_hosts(servers: Iterable[Server]) -> str:
    """known_hosts lines for the servers that have a pinned key."""
    lines = []
    for server in servers:
        for key in server.host_key.splitlines():
            if key.strip() and (name := ssh_name_of(server)):
                lines.append(f"{name} {key.strip()}\n")
    return "".join(lines)


def aliases(servers: Iterable[Server]) -> str:
    """known_hosts lines with the same keys under each server's unique alias."""
    return "".join(
        f"{ssh_programs.alias_of(server)} {key.strip()}\n"
        for server in servers
        for key in server.host_key.splitlines()
        if key.strip()
    )


def ssh_name_of(server: Server) -> str:
    """The server's name in a known_hosts file; "" if only a run knows where it connects to."""
    address, port = address_of(server), port_of(server)
    return address if port == 22 or not address else f"[{address}]:{port}"


def variables_of_neighbour(server: Server) -> dict[str, Any]:
    """Its variables, decrypted, without those that log in to it or become another user there.

    Leaves out what cannot be decrypted: the run is not about this server. And what a server of an
    earlier release may have, and Ansible does not read.
    """
    return without_wrong_marks(opened_if_possible(without_logins(server.variables)))


def without_wrong_marks(value: Any) -> Any:
    """A copy without values that are marked as Ansible marks them in JSON, but wrongly."""
    if isinstance(value, dict):
        return {
            name: without_wrong_marks(item) if isinstance(item, NESTED) else item
            for name, item in value.items()
            if not _is_wrong(item)
        }
    if isinstance(value, list):
        return [without_wrong_marks(item) for item in value if not _is_wrong(item)]
    return value


def _is_wrong(value: Any) -> bool:
    return isinstance(value, dict) and is_marked_wrongly(value)


def connection_of(server: Server) -> dict[str, Any]:
    """The variables that come from the server's columns, where its own say nothing of the kind."""
    columns: dict[str, Any] = {
        "ip_address": ("ansible_host", server.ip_address),
        "ssh_port": ("ansible_port", server.ssh_port if server.ssh_port != 22 else ""),
        "ssh_user": ("ansible_user", server.ssh_user),
    }
    variables = {
        name: value
        for column, (name, value) in columns.items()
        if value and not has_own(server.variables, column)
    }
    if server.inventory.separates_environments:
        variables[ENVIRONMENT] = server.environment
    return variables
