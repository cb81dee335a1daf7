"""Write servers as an inventory for one run.

The inventory is an executable script that prints JSON with `_meta`: with 10,000 hosts,
ansible-playbook reads it in half the time it needs for YAML.
"""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audit.redaction import is_secret_name
from inventory.models import Credential, Server

from .credential_variables import KNOWN_HOSTS, Logins, alias_of, write_private

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

    Targets get their credentials (or the one given), neighbours everything but secrets.
    """
    targets, neighbours = list(targets), list(neighbours)
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
        server.hostname: connection_of(server) | without_secrets(server.variables)
        for server in neighbours
    }
    for server in targets:
        hostvars[server.hostname] = connection_of(server) | logins.merged(server)
    for_all = _for_all(hostvars) | _shared(targets, neighbours, logins, hostvars)
    inventory: dict[str, Any] = {
        "all": {"hosts": [], "vars": for_all},
        "_meta": {"hostvars": hostvars},
    }
    # A group named like a host would widen a run: `--limit db1` would match all its members.
    taken = RESERVED_GROUPS | hostvars.keys()
    for server in [*targets, *neighbours]:
        # Every member of a group is in `all` too; listing 10,000 hosts again takes time.
        for group in [name for name in server.groups() if name not in taken] or ["all"]:
            inventory.setdefault(group, {"hosts": []})["hosts"].append(server.hostname)
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
        hostvars[server.hostname] = shared | hostvars[server.hostname]
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


def without_secrets(value: Any) -> Any:
    """A copy without entries whose names suggest a secret, at any depth."""
    if isinstance(value, dict):
        return {
            key: without_secrets(item)
            for key, item in value.items()
            if not is_secret_name(key) and key != "__ansible_vault"
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


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
