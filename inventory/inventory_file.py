"""Renders servers as an inventory for one run.

An executable script that prints JSON with `_meta`: at 10,000 hosts ansible-playbook reads it in
half of the time that it needs for the same hosts as YAML.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .models import Server

SCRIPT = "#!/bin/sh\nexec cat '{data}'\n"
KNOWN_HOSTS = "known_hosts"


def write_inventory(
    folder: Path, targets: Iterable[Server], neighbours: Iterable[Server] = ()
) -> Path:
    """Write script, data and pinned host keys into `folder` (mode 0700); the script's path.

    Targets come with their credentials, neighbours with everything else.
    """
    targets, neighbours = list(targets), list(neighbours)
    data, script = folder / "hosts.json", folder / "hosts"
    _write(data, json.dumps(inventory_of(targets, neighbours)), 0o600)
    _write(script, SCRIPT.format(data=data), 0o700)
    _write(folder / KNOWN_HOSTS, known_hosts([*targets, *neighbours]), 0o600)
    return script


def inventory_of(targets: list[Server], neighbours: list[Server]) -> dict[str, Any]:
    """The structure that Ansible expects from `--list`."""
    hostvars = {server.hostname: _connection(server) | server.variables for server in neighbours}
    for server in targets:
        hostvars[server.hostname] = _connection(server) | _credentials(server) | server.variables
    groups: dict[str, Any] = {"all": {"hosts": list(hostvars)}, "_meta": {"hostvars": hostvars}}
    for server in [*targets, *neighbours]:
        for group in server.groups():
            if group not in ("all", "_meta", "ungrouped", ""):
                groups.setdefault(group, {"hosts": []})["hosts"].append(server.hostname)
    return groups


def known_hosts(servers: Iterable[Server]) -> str:
    """Lines of a known_hosts file for the servers that have a pinned key."""
    lines = []
    for server in servers:
        for key in server.host_key.splitlines():
            if key.strip():
                lines.append(f"{known_as(server)} {key.strip()}\n")
    return "".join(lines)


def known_as(server: Server) -> str:
    """What ssh calls the server in a known_hosts file."""
    if server.ssh_port == 22:
        return server.ip_address
    return f"[{server.ip_address}]:{server.ssh_port}"


def _connection(server: Server) -> dict[str, Any]:
    variables: dict[str, Any] = {
        "ansible_host": server.ip_address,
        "ansible_port": server.ssh_port,
        "infraops_environment": server.environment,
    }
    if server.ssh_user:
        variables["ansible_user"] = server.ssh_user
    return variables


def _credentials(server: Server) -> dict[str, str]:
    key = server.key_file()
    return {"ansible_ssh_private_key_file": str(key)} if key else {}


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode=mode)
    path.write_text(text, encoding="utf-8")
