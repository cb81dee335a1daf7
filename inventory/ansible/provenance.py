"""The variables and groups that a run's inventory has for a server, each with its source.

Built from the same pieces as the inventory itself, with secrets masked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.redaction import MASK, redacted
from inventory.models import Credential, Server

from .credential_variables import KEY_FILE, OWN, layers, texts_of
from .inventory_file import ENVIRONMENT, RESERVED_GROUPS, connection_of

# Columns that set connection variables, by their labels in the form.
COLUMNS = {
    "ansible_host": "IP address",
    "ansible_port": "SSH port",
    "ansible_user": "SSH user",
    ENVIRONMENT: "Environment",
}
SOURCES = {KEY_FILE: "SSH key file", OWN: "Variables of the server"}
ONLY_PINNED = "the pinned host key and no other"
# A credential's key is written only for a run, into the run's folder.
IN_A_RUN = "a file of the run, from the key"


@dataclass(frozen=True)
class Variable:
    name: str
    value: Any
    source: str
    # Source of the value that this one overrides; empty: none.
    wins_over: str = ""


@dataclass(frozen=True)
class Group:
    name: str
    source: str
    # Why the inventory leaves the group out; empty: it does not.
    left_out: str = ""


def list_variables(server: Server) -> list[Variable]:
    """The server's variables, sorted by name.

    Without those of host_vars and group_vars beside a playbook, which only its run sees.
    """
    found: dict[str, Variable] = {}
    for source, variables in _sources(server):
        for name, value in variables.items():
            loser = found[name].source if name in found else ""
            shown = redacted({name: value})[name]
            found[name] = Variable(name, shown, source, loser)
    return sorted(found.values(), key=lambda variable: variable.name)


def groups_of(server: Server) -> list[Group]:
    """The server's groups, including those left out because a server or Ansible has that name."""
    tags = server.group_tags()
    hosts = Server.objects.neighbours_of([server]).filter(inventory_name__in=tags)
    taken = {*RESERVED_GROUPS, server.inventory_name, *(host.inventory_name for host in hosts)}
    return [
        Group(
            name,
            f"Tag {tag}" if tag else "Environment",
            "a server or Ansible itself has this name" if name in taken else "",
        )
        for name, tag in tags.items()
    ]


def _sources(server: Server) -> list[tuple[str, Mapping[str, Any]]]:
    """Variables by source, in the order in which the inventory merges them, weakest first."""
    columns = connection_of(server).items()
    found: list[tuple[str, Mapping[str, Any]]] = [
        (COLUMNS[name], {name: value}) for name, value in columns
    ]
    credential = server.credential
    given = _masked(credential) if credential else {}
    for source, variables in layers(server, credential, given):
        found.append((SOURCES.get(source, f"Credential {credential}"), variables))
    if credential and credential.needs_pin(server):
        found.append(("Pinned host key", {"ansible_ssh_args": ONLY_PINNED}))
    return found


def _masked(credential: Credential) -> dict[str, str]:
    key_file = IN_A_RUN if credential.ssh_private_key else ""
    return texts_of(credential, key_file, lambda name: MASK if getattr(credential, name) else "")
