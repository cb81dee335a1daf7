"""Answers questions about inventories with Ansible's own classes, in a process of its own.

Each line is a question as JSON, and gets a line with the answer: importing Ansible takes longer
than hundreds of answers.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from ansible._internal._json._profiles import _legacy
from ansible.errors import AnsibleError
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible.plugins.loader import init_plugin_loader
from ansible.plugins.vars import host_group_vars
from ansible.vars.manager import VariableManager

# Of Ansible itself, and different in each place.
ITS_OWN = {"inventory_file", "inventory_dir", "playbook_dir", "omit", "groups"}


def see(path: str, limit: str = "", beside: str = "", password: str = "") -> dict[str, Any]:
    """What a play below the folder `beside` sees in the inventory, for `--limit`."""
    host_group_vars.FOUND.clear()
    host_group_vars.NAK.clear()
    loader = DataLoader()
    loader.set_basedir(beside or str(Path(path).parent / "no playbook"))
    if password:
        loader.set_vault_secrets([("default", VaultSecret(password.encode()))])
    inventory = InventoryManager(loader=loader, sources=[path])
    manager = VariableManager(loader=loader, inventory=inventory)
    hosts = inventory.get_hosts("all")
    inventory.subset(limit or None)
    return {
        "hostvars": {host.name: variables_of(host, manager) for host in hosts},
        "groups": inventory.get_groups_dict(),
        "play": [host.name for host in inventory.get_hosts("all")],
        "ordered": [name for name, group in inventory.groups.items() if is_ordered(group)],
    }


def is_ordered(group: Group) -> bool:
    """False if Ansible's order of its hosts is another at each reading.

    It walks level by level, and from the second level on in the order of a set.
    """
    level, seen = list(group.child_groups), {group, *group.child_groups}
    while level:
        if sum(bool(each.child_groups) for each in level) > 1:
            return False
        level = [child for each in level for child in each.child_groups if child not in seen]
        seen.update(level)
    return True


def variables_of(host: Host, manager: VariableManager) -> dict[str, Any]:
    found = manager.get_vars(host=host, include_hostvars=False)
    kept = {name: value for name, value in found.items() if name not in ITS_OWN}
    return json.loads(json.dumps(kept, cls=_legacy.Encoder))


def read(path: str) -> dict[str, Any]:
    return LISTER.listed(path)


def load_lister() -> Any:
    """The module that reads inventories for an import, without Django."""
    place = Path(__file__).parents[3] / "inventory" / "ansible" / "list_inventory.py"
    spec = importlib.util.spec_from_file_location("list_inventory", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(question: dict[str, Any]) -> dict[str, Any]:
    kind = {"see": see, "read": read}[question.pop("kind")]
    try:
        return kind(**question)
    except AnsibleError as error:
        return {"error": str(error)}


LISTER = load_lister()

if __name__ == "__main__":
    init_plugin_loader()
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
