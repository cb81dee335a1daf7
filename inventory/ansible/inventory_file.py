"""Write servers as an inventory for one run.

The inventory is an executable script that prints JSON with `_meta`: with 10,000 hosts,
ansible-playbook reads it in half the time it needs for YAML.
"""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.models import prefetch_related_objects

from inventory.host_variables import opened_if_possible
from inventory.models import Credential, Server
from inventory.validators import is_marked_wrongly
from schema.secret_names import is_secret_name

from .credential_variables import (
    BECOME_PASSWORDS,
    KEY_FILES,
    KNOWN_HOSTS,
    SSH_PASSWORDS,
    Logins,
    alias_of,
    write_private,
)

SCRIPT = "#!/bin/sh\nexec cat -- {data}\n"
ENVIRONMENT = "infraops_environment"
# Groups with a meaning of their own in Ansible.
RESERVED_GROUPS = {"all", "ungrouped", "_meta", "localhost"}


def write_inventory(
    folder: Path,
    targets: Iterable[Server],
    neighbours: Iterable[Server] = (),
    credential: Credential | None = None,
) -> Path:
    """Write script, data, keys and pinned host keys into `folder` (mode 0700).

    Returns the script's path.

    Targets get their credentials (or the one given), neighbours everything but their logins.
    Raises Undecryptable for a secret of a target.
    """
    targets, neighbours = list(targets), list(neighbours)
    prefetch_related_objects([*targets, *neighbours], "inventory")
    data, script = folder / "hosts.json", folder / "hosts"
    logins = Logins(folder, targets, credential)
    write_private(data, json.dumps(build_inventory(targets, neighbours, logins)))
    write_private(script, SCRIPT.format(data=shlex.quote(str(data.absolute()))), 0o700)
    pinned = known_hosts([*targets, *neighbours]) + aliases(targets)
    write_private(folder / KNOWN_HOSTS, pinned)
    return script


def build_inventory(
    targets: list[Server], neighbours: list[Server], logins: Logins
) -> dict[str, Any]:
    """The structure that Ansible expects from `--list`."""
    hostvars = {
        server.inventory_name: connection_of(server) | variables_of_neighbour(server)
        for server in neighbours
    }
    for server in targets:
        hostvars[server.inventory_name] = connection_of(server) | logins.merged(server)
    for_all = _for_all(hostvars) | _shared(targets, neighbours, logins, hostvars)
    inventory: dict[str, Any] = {
        "all": {"hosts": [], "vars": for_all},
        "_meta": {"hostvars": hostvars},
    }
    # A group named like a host would widen a run: `--limit db1` would match all its members.
    taken = RESERVED_GROUPS | hostvars.keys()
    for server in sorted([*targets, *neighbours], key=lambda each: (each.position, each.pk)):
        # Every member of a group is in `all` too; listing 10,000 hosts again takes time.
        for group in [name for name in server.groups() if name not in taken] or ["all"]:
            inventory.setdefault(group, {"hosts": []})["hosts"].append(server.inventory_name)
    return inventory


def _shared(
    targets: list[Server],
    neighbours: list[Server],
    logins: Logins,
    hostvars: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """The login for delegated tasks, as variables for all hosts.

    If the credentials may not be used on all neighbours, sets it on those where they may, and
    returns {}.
    """
    shared = logins.shared(targets)
    covered = logins.covered(targets, neighbours) if shared else []
    if len(covered) == len(neighbours):
        return shared
    for server in covered:
        name = server.inventory_name
        hostvars[name] = shared | hostvars[name]
    return {}


def _for_all(hostvars: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Move the environment from each host to variables of all: 10,000 hosts then parse faster.

    Leaves it in place if the hosts have several environments.
    """
    environments = [variables[ENVIRONMENT] for variables in hostvars.values()]
    if any(environment != environments[0] for environment in environments):
        return {}
    for variables in hostvars.values():
        del variables[ENVIRONMENT]
    return {ENVIRONMENT: environments[0]} if environments else {}


def known_hosts(servers: Iterable[Server]) -> str:
    """known_hosts lines for the servers that have a pinned key."""
    lines = []
    for server in servers:
        for key in server.host_key.splitlines():
            if key.strip():
                lines.append(f"{ssh_name_of(server)} {key.strip()}\n")
    return "".join(lines)


def aliases(servers: Iterable[Server]) -> str:
    """known_hosts lines with the same keys under each server's unique alias."""
    return "".join(
        f"{alias_of(server)} {key.strip()}\n"
        for server in servers
        for key in server.host_key.splitlines()
        if key.strip()
    )


def ssh_name_of(server: Server) -> str:
    """The server's name in a known_hosts file."""
    if server.ssh_port == 22:
        return server.ip_address
    return f"[{server.ip_address}]:{server.ssh_port}"


def variables_of_neighbour(server: Server) -> dict[str, Any]:
    """Its variables, decrypted, without those that log in to it or become another user there.

    Leaves out what cannot be decrypted: the run is not about this server.
    """
    kept = {name: value for name, value in server.variables.items() if not _connects(name)}
    return _without_vaulted(opened_if_possible(kept))


def _connects(name: str) -> bool:
    own = (*SSH_PASSWORDS, *BECOME_PASSWORDS, *KEY_FILES)
    return name in own or (name.startswith("ansible_") and is_secret_name(name))


def _without_vaulted(value: Any) -> Any:
    """A copy without values of Ansible Vault, whose password is for the run's own servers.

    And without what a server of an earlier release may have, and Ansible does not read.
    """
    if isinstance(value, dict):
        return {
            name: _without_vaulted(item) for name, item in value.items() if not _is_vaulted(item)
        }
    if isinstance(value, list):
        return [_without_vaulted(item) for item in value if not _is_vaulted(item)]
    return value


def _is_vaulted(value: Any) -> bool:
    return isinstance(value, dict) and ("__ansible_vault" in value or is_marked_wrongly(value))


def connection_of(server: Server) -> dict[str, Any]:
    """The variables that come from the server's columns."""
    variables: dict[str, Any] = {
        "ansible_host": server.ip_address,
        "ansible_port": server.ssh_port,
        ENVIRONMENT: server.environment,
    }
    if server.ssh_user:
        variables["ansible_user"] = server.ssh_user
    return variables
