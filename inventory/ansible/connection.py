"""Ansible's variables about connections: their names, and what a server's own ones say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from schema.secret_names import is_secret_name

if TYPE_CHECKING:
    from inventory.models import Inventory, Server

# Ansible has several names for each option, and takes the last one that is set.
ALIASES = {
    "ip_address": ("ansible_host", "ansible_ssh_host"),
    "ssh_port": ("ansible_port", "ansible_ssh_port"),
    "ssh_user": ("ansible_user", "ansible_ssh_user"),
    "ssh_key_path": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
}
SSH_PASSWORDS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
BECOME_PASSWORDS = (
    "ansible_become_password",
    "ansible_become_pass",
    "ansible_sudo_pass",
    "ansible_su_pass",
)
BECOME_USERS = ("ansible_become_user", "ansible_sudo_user", "ansible_su_user")
PASSWORDS = (*SSH_PASSWORDS, *BECOME_PASSWORDS)
LOGINS = frozenset((*PASSWORDS, *ALIASES["ssh_key_path"]))
# {name that a column or credential sets: every name of the same option}.
SPELLINGS = {
    "ansible_host": ALIASES["ip_address"],
    "ansible_port": ALIASES["ssh_port"],
    "ansible_user": ALIASES["ssh_user"],
    "ansible_ssh_private_key_file": ALIASES["ssh_key_path"],
    "ansible_password": SSH_PASSWORDS,
    "ansible_become_password": BECOME_PASSWORDS,
    "ansible_become_user": BECOME_USERS,
}
CONNECTION_NAMES = frozenset(name for names in SPELLINGS.values() for name in names)
UNSAFE = "__ansible_unsafe"
# The one template in an address that is always known.
ITSELF = re.compile(r"\{\{ *+inventory_hostname *+\}\}")


def named(variables: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value of the last of these names that is set."""
    given = [variables[name] for name in names if variables.get(name) not in (None, "")]
    return given[-1] if given else None


def without_mark(value: Any) -> Any:
    """The value, or the text in it that is marked as no template."""
    return value[UNSAFE] if isinstance(value, dict) and value.keys() == {UNSAFE} else value


def plain_value(value: Any) -> str | None:
    """The value as text; None if there is none, or only a run knows it, as from a template."""
    if (text := without_mark(value)) is not value:
        return str(text)
    if value is None or isinstance(value, dict | list) or "{{" in str(value):
        return None
    return str(value)


def has_own(variables: Mapping[str, Any], column: str) -> bool:
    """True if a variable says what the column says; then it wins."""
    return any(name in variables for name in ALIASES[column])


def address_of(server: Server) -> str:
    """What ssh connects to: an address or a name; "" if only a run knows it."""
    given = _given(server, "ip_address", server.ip_address)
    if given is None:
        return server.inventory_name.strip("[]")
    if isinstance(given, str):
        given = ITSELF.sub(lambda _found: server.inventory_name, given)
    return (plain_value(given) or "").strip("[]")


def is_ip_address(text: str) -> bool:
    """True for IPv4 and IPv6, with a zone too (fe80::1%eth0): names need looking up."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def port_of(server: Server) -> int:
    text = plain_value(_given(server, "ssh_port", server.ssh_port if server.ssh_port != 22 else ""))
    return int(text) if text and text.isdecimal() else server.ssh_port


def _given(server: Server, column: str, value: Any) -> Any:
    """What a run has for a column; None if nothing says it.

    From variables or files of the server, from the column itself, or else from its groups.
    """
    names = ALIASES[column]
    own = _merged(variables for _file, variables in server.all_variables())
    if (found := named(own, names)) is not None:
        return found
    if value:
        return value
    graph = server.inventory.graph
    if graph.connection_names_for(server.pk).isdisjoint(names):
        return None
    return named(_merged(variables for _group, variables in graph.layers_for(server.pk)), names)


def _merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variables in layers:
        found |= variables
    return found


def without_logins(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables without those that log in or become another user."""
    return {
        name: value
        for name, value in variables.items()
        if name not in LOGINS and not is_connection_secret(name)
    }


def without_connection_secrets(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if not is_connection_secret(name)}


def is_login_withheld(inventory: Inventory, others: Any) -> bool:
    """True if one of these servers has a login, its own or its groups', that only a run on it gets.

    `others` is a QuerySet of servers.
    """
    if others.with_logins().exists():
        return True
    graph = inventory.graph
    names = {pk: graph.connection_names(pk) for pk in graph.groups}
    groups = [pk for pk in names if any(map(is_connection_secret, names[pk]))]
    if any(graph.groups[pk].is_built_in for pk in groups):
        return bool(others.exists())
    members = {server for pk in groups for server in graph.servers_below(pk)}
    return bool(members) and not members.isdisjoint(others.values_list("pk", flat=True))


def is_connection_secret(name: str) -> bool:
    """True for passwords and keys of any connection or become plugin: ansible_winrm_password."""
    return name in PASSWORDS or (name.startswith("ansible_") and is_secret_name(name))
