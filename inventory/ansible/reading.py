"""Read any inventory that Ansible can read, in a process of its own, without flattening it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .confined import Ended, Limits, run_confined

MEGABYTE = 1024**2
FOR_ANYTHING = Limits(seconds=300, memory=2048 * MEGABYTE, file_size=256 * MEGABYTE)
FOR_DATA = Limits(seconds=60, memory=1024 * MEGABYTE, file_size=64 * MEGABYTE)
# The environment variables passed on, to scripts and plugins of the inventory too.
KEPT_ENVIRONMENT = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR")
SCRIPT = Path(__file__).with_name("list_inventory.py")
# Plugins that only parse text, and a name that each of them takes a file by. All others run
# programs, or connect to something.
DATA_FORMATS = {"ini": "upload.ini", "yaml": "upload.yml", "toml": "upload.toml"}
LARGEST_UPLOAD = 5 * MEGABYTE


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
    plugins = ",".join(DATA_FORMATS) if as_data else ""
    with tempfile.TemporaryDirectory(prefix="infraops-inventory-") as scratch:
        environment = _environment(Path(scratch), keep_environment, plugins)
        limits = FOR_DATA if as_data else FOR_ANYTHING
        return _read(path, Path(scratch), environment, limits, called=str(path))


def read_upload(content: str, kind: str) -> ListedInventory:
    """Read a text that somebody has sent, with Ansible's plugin of this name and no other.

    Nothing in it is executed, and there are no files beside it. Raises Unreadable.
    """
    if problem := upload_problem(content.encode(errors="replace"), kind):
        raise Unreadable(problem)
    with tempfile.TemporaryDirectory(prefix="infraops-inventory-") as scratch:
        folder = Path(scratch) / "upload"
        folder.mkdir()
        path = folder / DATA_FORMATS[kind]
        path.write_text(content, encoding="utf-8")
        environment = _environment(Path(scratch), (), kind)
        return _read(path, Path(scratch), environment, FOR_DATA, called="The upload")


def upload_problem(content: bytes, kind: str) -> str:
    """Why this cannot be an uploaded inventory, as a sentence; "" if it may be one."""
    if kind not in DATA_FORMATS:
        return f"The format must be one of {', '.join(DATA_FORMATS)}."
    if len(content) > LARGEST_UPLOAD:
        return f"It is larger than {LARGEST_UPLOAD // MEGABYTE} MB."
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"It is not UTF-8 text (line {line})."
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return f"It contains a NUL character (line {line})."
    return "" if text.strip() else "It is empty."


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


def _read(
    path: Path, scratch: Path, environment: dict[str, str], limits: Limits, *, called: str
) -> ListedInventory:
    """`called` stands for the path in messages. Raises Unreadable."""
    ended = _list(path, scratch, environment, limits)
    said = ended.said.replace(str(path), called)
    if ended.status != 0:
        raise Unreadable(f"Ansible could not read {called}:\n{said}")
    try:
        listed = json.loads(ended.printed)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"Ansible printed invalid JSON ({error}).\n{said}") from None
    hosts = tuple(_host(entry) for entry in listed["hosts"])
    if not hosts:
        raise Unreadable(f"{called} names no hosts.\n{said}".strip())
    return ListedInventory(hosts, tuple(_group(entry) for entry in listed["groups"]), said)


def _list(path: Path, scratch: Path, environment: dict[str, str], limits: Limits) -> Ended:
    """Run list_inventory.py. Raises Unreadable."""
    python = python_of_ansible()
    if python is None:
        raise Unreadable("Ansible is not installed (ansible-playbook comes with ansible-core).")
    try:
        return run_confined(
            [python, str(SCRIPT), str(path)],
            cwd=path if path.is_dir() else path.parent,
            environment=environment,
            scratch=scratch,
            limits=limits,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(f"Ansible did not finish within {limits.seconds} s.") from None


def _environment(scratch: Path, keep: Iterable[str], plugins: str) -> dict[str, str]:
    """An environment without our secrets and without any ansible.cfg that was not asked for.

    With only these inventory plugins, if some are given.
    """
    config = scratch / "ansible.cfg"
    config.touch()
    kept = {name: os.environ[name] for name in (*KEPT_ENVIRONMENT, *keep) if name in os.environ}
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
        **({"ANSIBLE_INVENTORY_ENABLED": plugins} if plugins else {}),
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
