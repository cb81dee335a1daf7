"""Prints an inventory as JSON, as Ansible holds it: groups with their own variables, unflattened.

`ansible-inventory` merges the variables of groups into those of hosts. Run by reading.py, in a
process of its own with Ansible's libraries: list_inventory.py PATH

The names of private modules of Ansible are those of ansible-core 2.19.
"""

import datetime
import json
import os
import sys
from pathlib import Path

from ansible._internal._json._profiles import _legacy
from ansible.errors import AnsibleError
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader

# Set by Ansible for each run.
LOCATION = ("inventory_file", "inventory_dir")
VAULT_HEADER = b"$ANSIBLE_VAULT;"
NOT_JSON = (datetime.date, bytes, set, tuple)


def main(path: str) -> None:
    init_plugin_loader()
    json.dump(listed(path), sys.stdout)


def listed(path: str) -> dict:
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[path])
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    reader = VariableFiles(loader, folder.resolve())
    hosts = hosts_in_order(inventory.groups["all"])
    return {
        "hosts": [described_host(host, reader) for host in hosts],
        "groups": [described_group(group, reader) for group in inventory.groups.values()],
    }


def hosts_in_order(everything: Group) -> list[Host]:
    """The hosts as for `hosts: all`.

    Ansible walks the groups level by level, but from the third level on in the order of a set: it
    is another at each reading. This order is one of those, and always the same.
    """
    found = {host.name: host for host in everything.hosts}
    level, seen = [everything], {everything.name}
    while level:
        children = [child for group in level for child in group.child_groups]
        level = list({child.name: child for child in children if child.name not in seen}.values())
        seen.update(group.name for group in level)
        for group in level:
            for host in group.hosts:
                found.setdefault(host.name, host)
    return [host for host in found.values() if not host.implicit]


def described_host(host: Host, reader: "VariableFiles") -> dict:
    variables = {name: value for name, value in host.vars.items() if name not in LOCATION}
    return {
        "name": host.name,
        "variables": encoded(variables),
        "files": reader.files_of("host_vars", host.name),
        "changed": changed_values(variables),
    }


def described_group(group: Group, reader: "VariableFiles") -> dict:
    return {
        "name": group.name,
        "priority": group.priority,
        "variables": encoded(group.vars),
        "files": reader.files_of("group_vars", group.name),
        "children": [child.name for child in group.child_groups],
        "hosts": [host.name for host in group.hosts],
        "changed": changed_values(group.vars),
    }


class VariableFiles:
    """group_vars/ and host_vars/ beside the inventory, read as Ansible's own plugin does."""

    def __init__(self, loader: DataLoader, folder: Path) -> None:
        self._loader = loader
        self._folder = folder

    def files_of(self, kind: str, name: str) -> list[dict]:
        folder = self._folder / kind
        # Like Ansible, no files for "hosts" that are paths.
        if name.startswith(os.path.sep) or not folder.is_dir():
            return []
        found = self._loader.find_vars_files(str(folder), name)
        return [self._described(os.fsdecode(path)) for path in found]

    def _described(self, path: str) -> dict:
        name = os.path.relpath(path, self._folder)
        content = Path(path).read_bytes()
        if content.startswith(VAULT_HEADER):
            return {"path": name, "vaulted": content.decode()}
        variables = self._loader.load_from_file(
            path, cache="none", unsafe=True, trusted_as_template=True
        )
        if variables is not None and not isinstance(variables, dict):
            raise AnsibleError(f"{path} is not a dictionary of variables.")
        variables = variables or {}
        return {"path": name, "variables": encoded(variables), "changed": changed_values(variables)}


def encoded(variables: dict) -> dict:
    """In Ansible's own form for JSON: {"__ansible_vault": …}, {"__ansible_unsafe": …}."""
    return json.loads(json.dumps(variables, cls=_legacy.Encoder))


def changed_values(value: object, path: str = "") -> list[str]:
    """Where JSON cannot hold a value as it is: dates, sets, binary data, keys that are no texts."""
    if isinstance(value, dict):
        return [
            found
            for key, item in value.items()
            for found in ([] if isinstance(key, str) else [f"{path}.{key}".lstrip(".")])
            + changed_values(item, f"{path}.{key}")
        ]
    if isinstance(value, list):
        return [
            found for n, item in enumerate(value) for found in changed_values(item, f"{path}[{n}]")
        ]
    return [path.lstrip(".")] if isinstance(value, NOT_JSON) else []


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except AnsibleError as error:
        sys.exit(str(error))
