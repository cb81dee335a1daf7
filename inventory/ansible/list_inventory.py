"""Prints an inventory as JSON, as Ansible holds it: groups with their own variables, unflattened.

`ansible-inventory` merges the variables of groups into those of hosts. Run by reading.py, in a
process of its own with Ansible's libraries: list_inventory.py PATH

The names of private modules of Ansible are those of ansible-core 2.19.
"""

import datetime
import errno
import json
import os
import re
import sys
from pathlib import Path

from ansible._internal._datatag._tags import Origin
from ansible._internal._json._profiles import _legacy
from ansible.errors import AnsibleError
from ansible.inventory import manager
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader

# Set by Ansible for each run.
LOCATION = ("inventory_file", "inventory_dir")
VAULT_HEADER = b"$ANSIBLE_VAULT;"
NOT_JSON = (datetime.date, bytes, set, tuple)
# Of one file, with all aliases written out.
MOST_VALUES = 5_000_000
TOO_LONG = "It is too long, perhaps because of YAML aliases."
SCRIPT_SAID = "Standard error from inventory script:"
OUT_OF_MEMORY = "It needs too much memory."


def main(path: str) -> None:
    init_plugin_loader()
    manager.display.error_as_warning = tell_problem
    json.dump(listed(path), sys.stdout)


def listed(path: str) -> dict:
    loader = CarefulLoader()
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


class CarefulLoader(DataLoader):
    def load_from_file(self, *args: object, **kwargs: object) -> object:
        """What the file holds, unless a few lines with aliases stand for gigabytes."""
        found = super().load_from_file(*args, **kwargs)
        if count_values(found, {}) > MOST_VALUES:
            raise AnsibleError(TOO_LONG)
        return found


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


def count_values(value: object, known: dict[int, int]) -> int:
    """How many there are with all aliases written out; in one step for each that is there."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = MOST_VALUES + 1  # while it is counted: it may contain itself
        items = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(count_values(item, known) for item in items)
    return known[id(value)]


# --- What is wrong --------------------------------------------------------------------------------


def tell_problem(msg: str, exception: BaseException, **unused: object) -> None:
    """Say where it is and what, without the text of the file: that may be a secret."""
    causes = [exception]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    line, text = line_of(causes)
    said = re.sub(r",? got: .*", "", str(causes[0]), flags=re.DOTALL)
    said = said.replace(text, "…") if text else said
    said = OUT_OF_MEMORY if any(isinstance(each, MemoryError) for each in causes) else said
    plugin = msg.split("'")[1] if "'" in msg else "inventory"
    where = f"{path_of(causes)}:{line}" if line else path_of(causes)
    sys.stderr.write(f"{where}: {said} ({plugin})\n{script_errors(causes)}")


def script_errors(causes: list[BaseException]) -> str:
    """What an inventory script that failed said to stderr."""
    texts = (str(getattr(cause, "_help_text", None) or "") for cause in causes)
    return next((text for text in texts if text.startswith(SCRIPT_SAID)), "")


def path_of(causes: list[BaseException]) -> str:
    origins = [Origin.get_tag(getattr(cause, "obj", None)) or cause for cause in causes]
    paths = (getattr(each, "path", None) for each in origins)
    return next(filter(None, paths), sys.argv[1])


def line_of(causes: list[BaseException]) -> tuple[int, str]:
    """(line's number or 0, its text if that is in the message)."""
    for cause in reversed(causes):
        obj = getattr(cause, "obj", None)
        origin = obj if isinstance(obj, Origin) else Origin.get_tag(obj)
        if origin is not None and origin.line_num:
            return origin.line_num, ""
    for cause in causes:
        if found := line_of_ini(cause):
            return found
    return 0, ""


def line_of_ini(cause: BaseException) -> tuple[int, str] | None:
    """The plugin forgets the number, but goes through `lines` one by one."""
    frame = cause.__traceback__
    while frame is not None:
        here = frame.tb_frame.f_locals
        lines, line = here.get("lines"), here.get("line")
        if isinstance(lines, list) and isinstance(line, str):
            stripped = [str(each).strip() for each in lines]
            if line.strip() in stripped:
                return stripped.index(line.strip()) + 1, line.strip()
        frame = frame.tb_next
    return None


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except AnsibleError as error:
        sys.exit(str(error))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except RecursionError:
        sys.exit("Its values are nested too deeply, or contain themselves.")
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        sys.exit(TOO_LONG)
