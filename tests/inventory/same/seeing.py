"""What plays see in an inventory, according to Ansible itself, and how two of them differ."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inventory.ansible import reading
from inventory.ansible.connection import without_logins

SCRIPT = Path(__file__).with_name("what_ansible_sees.py")
Seen = dict[str, Any]


class Ansible:
    """A process with Ansible's libraries, which answers until `close`."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=bare_environment(folder),
            text=True,
        )

    def see(self, path: Path, **given: str) -> Seen:
        return self._ask("see", path=str(path), **given)

    def read(self, path: Path) -> reading.ListedInventory:
        """As an import reads it, in this process."""
        listed = self._ask("read", path=str(path))
        hosts, groups = map(reading._host, listed["hosts"]), map(reading._group, listed["groups"])
        return reading.ListedInventory(tuple(hosts), tuple(groups))

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, kind: str, **given: str) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        print(json.dumps({"kind": kind, **given}), file=self._process.stdin, flush=True)
        found = json.loads(self._process.stdout.readline())
        assert "error" not in found, found
        return found


def bare_environment(folder: Path) -> dict[str, str]:
    """For Ansible alone: the console reads inventories and runs plays with the same settings."""
    config = folder / "empty.cfg"
    config.touch()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    }


# A run has programs of its own for servers whose address is a template.
PROGRAMS = {f"ansible_{name}_executable" for name in ("ssh", "scp", "sftp")}


def differences(bare: Seen, ours: Seen, targets: Iterable[str] | None = None) -> dict[str, Any]:
    """{what: (bare, ours)}; empty if both are the same.

    Given targets, without the logins of other hosts: those are the one declared difference.
    """
    found: dict[str, Any] = {}
    both = (bare, ours)
    played = [each["play"] if "all" in bare["ordered"] else sorted(each["play"]) for each in both]
    if played[0] != played[1]:
        found["play"] = tuple(played)
    for group in sorted({*bare["groups"], *ours["groups"]}):
        pair = [seen["groups"].get(group) for seen in both]
        if group not in bare["ordered"]:
            pair = [sorted(hosts or []) for hosts in pair]
        if pair[0] != pair[1]:
            found[f"group {group}"] = tuple(pair)
    for host in sorted({*bare["hostvars"], *ours["hostvars"]}):
        is_target = targets is None or host in targets
        pair = [_variables(seen, host, is_target=is_target) for seen in both]
        for name in sorted({*pair[0], *pair[1]}):
            values = [each.get(name, "missing") for each in pair]
            if values[0] != values[1]:
                found[f"{host}.{name}"] = tuple(values)
    return found


def _variables(seen: Seen, host: str, *, is_target: bool) -> dict[str, str]:
    """As JSON: 1 is not true, and not 1.0."""
    variables = seen["hostvars"].get(host, {})
    kept = variables if is_target else without_logins(variables)
    return {n: json.dumps(value, sort_keys=True) for n, value in kept.items() if n not in PROGRAMS}
