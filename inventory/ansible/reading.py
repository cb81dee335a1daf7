"""Read any inventory that Ansible can read, by running ansible-inventory."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

TIMEOUT_SECONDS = 300
# In bytes: what ansible-inventory may use, and print.
MOST_MEMORY = 2 * 1024**3
MOST_PRINTED = 256 * 1024**2
# The environment variables passed to ansible-inventory and to inventory scripts that it runs.
KEPT_ENVIRONMENT = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR")
VARIABLE_FOLDERS = ("group_vars", "host_vars")
VAULT_HEADER = b"$ANSIBLE_VAULT;"
# Groups of every host, which carry no information.
IMPLIED_GROUPS = {"all", "ungrouped"}


class Unreadable(Exception):
    """The whole inventory is unreadable. The message says why, in Ansible's words."""


@dataclass
class Host:
    """A host. `groups` includes parents of its groups; `variables` includes those of its groups."""

    name: str
    variables: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)


@dataclass
class ReadInventory:
    """The hosts read.

    `warnings` is what ansible-inventory printed to stderr; `encrypted` are the files that were
    skipped because Ansible Vault has encrypted them whole.
    """

    hosts: list[Host]
    warnings: str = ""
    encrypted: list[str] = field(default_factory=list)


def read(path: Path, *, keep_environment: Iterable[str] = ()) -> ReadInventory:
    """The hosts of an inventory file, executable script or folder. Raises Unreadable.

    `keep_environment` names variables that an inventory script needs (such as cloud credentials).
    """
    path = path.absolute()
    if not path.exists():
        raise Unreadable(f"There is no {path}.")
    if "," in str(path):
        raise Unreadable(f"Ansible takes “{path}” for a list of hosts: rename it, without commas.")
    with tempfile.TemporaryDirectory(prefix="infraops-inventory-") as scratch:
        folder, mirror = (path if path.is_dir() else path.parent), Path(scratch) / "inventory"
        encrypted = _encrypted_below(folder)
        if encrypted:
            _mirror(folder, mirror, encrypted)
        readable = mirror / path.relative_to(folder) if encrypted else path
        printed, said = _listed(readable, Path(scratch), keep_environment)
        warnings = said.replace(str(mirror), str(folder))
    hosts = _hosts(printed)
    if not hosts:
        raise Unreadable(f"{path} names no hosts.\n{warnings}".strip())
    return ReadInventory(
        hosts, warnings, sorted(str(each.relative_to(folder)) for each in encrypted)
    )


def ansible_inventory() -> str | None:
    """The program's path: beside this Python if it is there, else from PATH, else None."""
    beside = Path(sys.executable).parent / "ansible-inventory"
    return str(beside) if beside.exists() else shutil.which("ansible-inventory")


def _listed(path: Path, scratch: Path, keep: Iterable[str]) -> tuple[dict[str, Any], str]:
    """The output of `ansible-inventory --list`, parsed, and its stderr. Raises Unreadable."""
    program = ansible_inventory()
    if program is None:
        raise Unreadable("ansible-inventory is not installed (it comes with ansible-core).")
    try:
        with (scratch / "listed.json").open("w+b") as listed:
            done = subprocess.run(
                [program, "-i", str(path), "--list"],
                cwd=path if path.is_dir() else path.parent,
                env=_environment(scratch, keep),
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
        raise Unreadable(f"ansible-inventory did not finish within {TIMEOUT_SECONDS} s.") from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0:
        raise Unreadable(f"ansible-inventory failed with exit code {done.returncode}:\n{said}")
    try:
        # JSON has neither NaN nor Infinity, and the database would reject them.
        return json.loads(printed, parse_constant=str), said
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"ansible-inventory printed invalid JSON ({error}).\n{said}") from None


def _limit_resources() -> None:
    """Limit this process: a few lines of YAML with aliases can stand for any amount of text."""
    for kind, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_FSIZE, MOST_PRINTED)):
        # A limit that this process has already may be lower, and cannot be raised.
        present = [each for each in resource.getrlimit(kind) if each != resource.RLIM_INFINITY]
        least = min([most, *present])
        resource.setrlimit(kind, (least, least))


def _environment(scratch: Path, keep: Iterable[str]) -> dict[str, str]:
    """An environment without our secrets and without any ansible.cfg that was not asked for."""
    config = scratch / "ansible.cfg"
    config.touch()
    kept = {name: os.environ[name] for name in (*KEPT_ENVIRONMENT, *keep) if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_LOCAL_TEMP": str(scratch),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_INVENTORY_EXPORT": "False",
        # Fail on a file that is not an inventory, instead of reading no hosts.
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        # Names with “-” are common and harmless here.
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
        **kept,
    }


def _hosts(printed: dict[str, Any]) -> list[Host]:
    variables = printed.get("_meta", {}).get("hostvars", {})
    groups: dict[str, dict[str, None]] = {}
    parents = _parents(printed)
    for group, entry in printed.items():
        lineage = dict.fromkeys(_lineage(group, parents))
        for name in entry.get("hosts", []) if isinstance(entry, dict) else []:
            groups.setdefault(name, {}).update(lineage)
    return [Host(name, variables.get(name, {}), [*groups[name]]) for name in sorted(groups)]


def _parents(printed: dict[str, Any]) -> dict[str, list[str]]:
    """{group: groups that contain it directly}."""
    parents: dict[str, list[str]] = {}
    for group, entry in printed.items():
        for child in entry.get("children", []) if isinstance(entry, dict) else []:
            parents.setdefault(child, []).append(group)
    return parents


def _lineage(group: str, parents: dict[str, list[str]]) -> Iterator[str]:
    """The group, then its ancestors, each once: there may be many ways to one."""
    known = {group}
    waiting = [group]
    while waiting:
        here = waiting.pop()
        if here not in IMPLIED_GROUPS:
            yield here
        above = [each for each in parents.get(here, []) if each not in known]
        known.update(above)
        waiting.extend(reversed(above))


def _encrypted_below(folder: Path) -> set[Path]:
    """Variable files that Ansible Vault has encrypted whole."""
    files = {file for name in VARIABLE_FOLDERS for file in (folder / name).rglob("*")}
    return {file for file in files if file.is_file() and _is_encrypted(file)}


def _is_encrypted(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(len(VAULT_HEADER)) == VAULT_HEADER


def _mirror(folder: Path, mirror: Path, left_out: set[Path]) -> None:
    """Mirror a folder without some files, which ansible-inventory would fail on.

    Folders on the way to those files are real; everything else is a symbolic link.
    """
    mirror.mkdir()
    for entry in folder.iterdir():
        if any(entry in file.parents for file in left_out):
            _mirror(entry, mirror / entry.name, left_out)
        elif entry not in left_out:
            (mirror / entry.name).symlink_to(entry)
