"""Ansible's variables about connections: their names, and what a server's own ones say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from schema.secret_names import is_secret_name

if TYPE_CHECKING:
    from inventory.models import Server

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


def named(variables: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value of the last of these names that is set."""
    given = [variables[name] for name in names if variables.get(name) not in (None, "")]
    return given[-1] if given else None


def plain_value(value: Any) -> str | None:
    """The value as text; None if there is none, or only a run knows it, as from a template."""
    if isinstance(value, dict) and value.keys() == {UNSAFE}:
        return str(value[UNSAFE])
    if value is None or isinstance(value, dict | list) or "{{" in str(value):
        return None
    return str(value)


def has_own(variables: Mapping[str, Any], column: str) -> bool:
    """True if a variable says what the column says; then it wins."""
    return any(name in variables for name in ALIASES[column])


def address_of(server: Server) -> str:
    """What ssh connects to: an address or a name; "" if only a run knows it."""
    if has_own(server.variables, "ip_address"):
        text = plain_value(named(server.variables, ALIASES["ip_address"]))
        return (text or "").strip("[]")
    return server.ip_address or server.inventory_name


def port_of(server: Server) -> int:
    text = plain_value(named(server.variables, ALIASES["ssh_port"]))
    return int(text) if text and text.isdecimal() else server.ssh_port


def without_logins(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables without those that log in or become another user."""
    return {name: value for name, value in variables.items() if not _logs_in(name)}


def _logs_in(name: str) -> bool:
    return name in LOGINS or (name.startswith("ansible_") and is_secret_name(name))
