"""An export as files that Ansible reads: YAML, JSON, or a folder with group_vars and host_vars.

The YAML plugin reads them; JSON in its form, not in that of a script. With secrets, each file is
encrypted by Ansible Vault as a whole, so that every value keeps its type.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any

import yaml

from inventory.models import ALL
from inventory.validators import MARKERS
from schema.exceptions import Refused

from .exports import Export
from .vault import encrypted

FORMATS = ("yaml", "json", "folder")
META = "_meta"


def export_files(export: Export, kind: str, vault_password: str = "") -> dict[str, str]:
    """{path: content}, the inventory itself first; a single file unless `kind` is "folder".

    Raises Refused for what a file of this kind cannot hold.
    """
    if export.with_secrets and not vault_password:
        raise Refused("Secrets are only exported encrypted: enter a vault password.")
    if kind != "folder" and export.files:
        raise Refused(
            f"{_counted(export)} beside the inventory set variables (group_vars, host_vars), whose "
            "precedence a single file cannot keep. Export it as a folder."
        )
    document = document_of(export.listing)
    if kind == "json":
        found = {"hosts.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}
    else:
        found = {"hosts.yml": as_yaml(document)}
    for path, told in export.files.items() if kind == "folder" else ():
        found[_safe(path)] = told if isinstance(told, str) else _written(path, told)
    if export.with_secrets:
        return {path: _sealed(path, text, export, vault_password) for path, text in found.items()}
    return found


def document_of(listing: dict[str, Any]) -> dict[str, Any]:
    """A script's listing in the form of the YAML plugin. Raises Refused for impossible names."""
    hostvars = listing[META]["hostvars"]
    for name in hostvars:
        _refuse_pattern(name)
    document: dict[str, Any] = {}
    for name, told in listing.items():
        if name == META:
            continue
        group = {"vars": told["vars"]} if told.get("vars") else {}
        hosts = told.get("hosts", [])
        if name == ALL:
            group["hosts"] = {host: hostvars[host] for host in hosts}
        elif hosts:
            group["hosts"] = dict.fromkeys(hosts)
        if children := told.get("children"):
            group["children"] = dict.fromkeys(children)
        document[name] = group
    return document


def _refuse_pattern(name: str) -> None:
    """The YAML plugin takes “web[1:3]” for a range, and what follows a colon for a port."""
    is_address = True
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        is_address = False
    if "[" in name or (":" in name and not is_address):
        raise Refused(
            f"A YAML inventory cannot have a host called “{name}”: Ansible would read a range or a "
            "port. Use the script for /api/inventory."
        )


def _written(path: str, variables: dict[str, Any]) -> str:
    if path.endswith(".json"):
        return json.dumps(variables, indent=2, ensure_ascii=False) + "\n"
    return as_yaml(variables)


def _sealed(path: str, text: str, export: Export, password: str) -> str:
    """Encrypted, unless Ansible Vault has done so before."""
    is_vaulted = isinstance(export.files.get(path), str)
    return text if is_vaulted else encrypted(text, password)


def _safe(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path} is not beside the inventory.")
    return path


def _counted(export: Export) -> str:
    count = len(export.files)
    return "1 file" if count == 1 else f"{count} files"


# --- YAML -----------------------------------------------------------------------------------------


class _Tagged(str):
    """A text with a tag of Ansible's."""

    tag = ""


class _Vaulted(_Tagged):
    tag = "!vault"


class _Unsafe(_Tagged):
    tag = "!unsafe"


# With libyaml, a tenth of the time.
Fastest: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(Fastest):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: yaml.SafeDumper, text: _Tagged) -> yaml.Node:
    return dumper.represent_scalar(text.tag, str(text), style="|" if "\n" in text else '"')


# By how JSON marks them.
KINDS = dict(zip(MARKERS, (_Vaulted, _Unsafe), strict=True))
for _kind in KINDS.values():
    _Dumper.add_representer(_kind, _represent)


def as_yaml(value: Any) -> str:
    """YAML that Ansible reads to the same value."""
    return yaml.dump(
        _with_tags(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120
    )


def _with_tags(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and (marked := _marked(value)):
            return marked
        return {name: _with_tags(item) for name, item in value.items()}
    return [_with_tags(item) for item in value] if isinstance(value, list) else value


def _marked(value: dict[str, Any]) -> _Tagged | None:
    ((name, text),) = value.items()
    return KINDS[name](text) if name in KINDS and isinstance(text, str) else None
