"""Read any inventory that Ansible can read, in a process of its own, without flattening it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings

TIMEOUT_SECONDS = 300
# In bytes: what reading may use, and print.
MOST_MEMORY = 2 * 1024**3
MOST_PRINTED = 256 * 1024**2
# The environment variables passed on, to scripts and plugins of the inventory too.
KEPT_ENVIRONMENT = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR")
SCRIPT = Path(__file__).with_name("list_inventory.py")
# Plugins that only parse text. All others run programs, or connect to something.
PLUGINS_FOR_DATA = "ini,yaml,toml"


class Unreadable(Exception):
    """The whole inventory is unreadable. The message says why, in Ansible's words."""


@dataclass(frozen=True)
class VariablesFile:
    """A file in group_vars/ or host_vars/ beside the inventory.

    `vaulted` is its whole text if Ansible Vault has encrypted it; it then has no `variables`.
    """

    path: str
    variables: dict[str, Any] = field(default_factory=dict)
    vaulted: str = ""


@dataclass(frozen=True)
class ListedHost:
    """A host with its own variables only.

    `changed` are the paths of values that JSON cannot hold as they are, in its files too.
    """

    name: str
    variables: dict[str, Any]
    files: tuple[VariablesFile, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedGroup(ListedHost):
    """A group with its own variables, and the names of its direct children and hosts, in order."""

    priority: int = 1
    children: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedInventory:
    """An inventory as Ansible holds it: hosts and groups in its own order, `all` first.

    `warnings` is what Ansible printed to stderr.
    """

    hosts: tuple[ListedHost, ...]
    groups: tuple[ListedGroup, ...]
    warnings: str = ""

    def inherited_by(self, host: str) -> dict[str, list[Any]]:
        """{variable: the values that groups of the host give it, in files or not}."""
        found: dict[str, list[Any]] = {}
        for group in self._groups_of.get(host, [*self._everybodys]):
            for variables in (group.variables, *(file.variables for file in group.files)):
                for name, value in variables.items():
                    found.setdefault(name, []).append(value)
        return found

    @cached_property
    def _everybodys(self) -> list[ListedGroup]:
        return [group for group in self.groups if group.name == "all"]

    @cached_property
    def _groups_of(self) -> dict[str, list[ListedGroup]]:
        """{host: `all`, and every group that it is in at any depth}."""
        by_name = {group.name: group for group in self.groups}
        found: dict[str, dict[str, ListedGroup]] = {}
        for group in self.groups:
            for below in _below(group, by_name):
                for host in below.hosts:
                    found.setdefault(host, {})[group.name] = group
        return {host: [*self._everybodys, *groups.values()] for host, groups in found.items()}


def _below(group: ListedGroup, by_name: dict[str, ListedGroup]) -> list[ListedGroup]:
    found = [group]
    for each in found:
        new = (by_name[name] for name in each.children)
        found += [child for child in new if child not in found]
    return found


def read(
    path: Path, *, keep_environment: Iterable[str] = (), as_data: bool = False
) -> ListedInventory:
    """Read an inventory file, executable script, plugin configuration or folder.

    `keep_environment` names variables that a script needs (such as cloud credentials). With
    `as_data`, nothing in it is executed. Raises Unreadable.
    """
    path = path.absolute()
    if not path.exists():
        raise Unreadable(f"There is no {path}.")
    if "," in str(path):
        raise Unreadable(f"Ansible takes “{path}” for a list of hosts: rename it, without commas.")
    with tempfile.TemporaryDirectory(prefix="infraops-inventory-") as scratch:
        listed, warnings = _list(path, Path(scratch), keep_environment, as_data=as_data)
    hosts = tuple(_host(entry) for entry in listed["hosts"])
    if not hosts:
        raise Unreadable(f"{path} names no hosts.\n{warnings}".strip())
    return ListedInventory(hosts, tuple(_group(entry) for entry in listed["groups"]), warnings)


def python_of_ansible() -> str | None:
    """The interpreter that has Ansible: this one, or that of the ansible-playbook in PATH."""
    if (Path(sys.executable).parent / "ansible-playbook").exists():
        return sys.executable
    program = shutil.which("ansible-playbook")
    if program is None:
        return None
    with Path(program).open("rb") as file:
        first = file.readline().decode(errors="replace").strip()
    interpreter = first.removeprefix("#!").strip()
    return interpreter if first.startswith("#!") and Path(interpreter).exists() else None


def _list(
    path: Path, scratch: Path, keep: Iterable[str], *, as_data: bool
) -> tuple[dict[str, Any], str]:
    """The output of list_inventory.py, parsed, and its stderr. Raises Unreadable."""
    python = python_of_ansible()
    if python is None:
        raise Unreadable("Ansible is not installed (ansible-playbook comes with ansible-core).")
    try:
        with (scratch / "listed.json").open("w+b") as listed:
            done = subprocess.run(
                [python, str(SCRIPT), str(path)],
                cwd=path if path.is_dir() else path.parent,
                env=_environment(scratch, keep, as_data=as_data),
                stdin=subprocess.DEVNULL,
                stdout=listed,
                stderr=subprocess.PIPE,
                timeout=TIMEOUT_SECONDS,
                umask=int(settings.ANSIBLE_UMASK, 8),
                preexec_fn=_limit_resources,
                check=False,
            )
            listed.seek(0)
            printed = listed.read()
    except subprocess.TimeoutExpired:
        raise Unreadable(f"Ansible did not finish within {TIMEOUT_SECONDS} s.") from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0:
        raise Unreadable(f"Ansible could not read {path}:\n{said}")
    try:
        return json.loads(printed), said
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"Ansible printed invalid JSON ({error}).\n{said}") from None


def _limit_resources() -> None:
    """Limit this process: a few lines of YAML with aliases can stand for any amount of text."""
    for kind, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_FSIZE, MOST_PRINTED)):
        # A limit that this process has already may be lower, and cannot be raised.
        present = [each for each in resource.getrlimit(kind) if each != resource.RLIM_INFINITY]
        least = min([most, *present])
        resource.setrlimit(kind, (least, least))


def _environment(scratch: Path, keep: Iterable[str], *, as_data: bool) -> dict[str, str]:
    """An environment without our secrets and without any ansible.cfg that was not asked for."""
    config = scratch / "ansible.cfg"
    config.touch()
    kept = {name: os.environ[name] for name in (*KEPT_ENVIRONMENT, *keep) if name in os.environ}
    data = {"ANSIBLE_INVENTORY_ENABLED": PLUGINS_FOR_DATA} if as_data else {}
    return {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_LOCAL_TEMP": str(scratch),
        "ANSIBLE_NOCOLOR": "1",
        # Fail on a file that is not an inventory, instead of reading no hosts.
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        # Names with “-” are common and harmless here.
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
        **kept,
        **data,
    }


def _host(entry: dict[str, Any]) -> ListedHost:
    return ListedHost(entry["name"], entry["variables"], _files(entry), _changed(entry))


def _group(entry: dict[str, Any]) -> ListedGroup:
    return ListedGroup(
        entry["name"],
        entry["variables"],
        _files(entry),
        _changed(entry),
        entry["priority"],
        tuple(entry["children"]),
        tuple(entry["hosts"]),
    )


def _files(entry: dict[str, Any]) -> tuple[VariablesFile, ...]:
    return tuple(
        VariablesFile(file["path"], file.get("variables", {}), file.get("vaulted", ""))
        for file in entry["files"]
    )


def _changed(entry: dict[str, Any]) -> tuple[str, ...]:
    inside = [
        f"{file['path']}: {name}" for file in entry["files"] for name in file.get("changed", ())
    ]
    return (*entry["changed"], *inside)
