"""Turn the hosts of an Ansible inventory into servers, and report what happened to each."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from schema.fields import storing_problem
from schema.limits import quoted
from schema.sealing import ENCRYPTED, mentions_sealed, seal_secrets, sealed_paths
from schema.secret_names import is_secret_name

from .ansible.names import MAGIC_FOR_SERVERS
from .ansible.reading import Host
from .host_variables import ALWAYS_OPEN, secret_names
from .models import Inventory, Server
from .validators import VARIABLE

# Ansible's names for the server's columns; of several in use, the last one wins.
ADDRESS = ("ansible_host", "ansible_ssh_host")
ENVIRONMENT = ("environment", "infraops_environment")
COLUMNS = {
    "ssh_port": ("ansible_port", "ansible_ssh_port"),
    "ssh_user": ("ansible_user", "ansible_ssh_user"),
    "ssh_key_path": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
}
# Names of further variables to encrypt: a list, or a text with commas.
SECRETS = "infraops_secret_variables"
MORE_COLUMNS = ("inventory_name", "ip_address", "environment", "tags", "variables")
CONSUMED = {
    *ADDRESS,
    *ENVIRONMENT,
    SECRETS,
    *(name for names in COLUMNS.values() for name in names),
}
NO_SSH = ("winrm", "psrp")
VAULTED = "__ansible_vault"


class NotTaken(Exception):
    """This host does not become a server; the message says why."""


@dataclass
class InventoryImport:
    """Host names by result; `refused` and `left_out` include reasons."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    # {host: {variable: reason}}
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    # {variable, or path of a value in it: hosts}
    encrypted: dict[str, list[str]] = field(default_factory=dict)

    def left_out_by_variable(self) -> dict[str, list[str]]:
        """{"note (encrypted by Ansible Vault)": [host, …]}: a group's variable is reported once."""
        told: dict[str, list[str]] = {}
        for host, variables in self.left_out.items():
            for name, reason in variables.items():
                told.setdefault(f"{name} ({reason})", []).append(host)
        return told

    @property
    def is_all_refused(self) -> bool:
        return bool(self.refused) and not (self.added or self.changed or self.unchanged)


def import_hosts(
    hosts: list[Host], *, environment: str = "", dry_run: bool = False
) -> InventoryImport:
    """Add or update the servers for these hosts, one by one, recording each change.

    Only what the inventory sets is written: description, OS, tags other than `groups`, and
    variables that it does not mention keep their values.
    """
    report = InventoryImport()
    inventory = Inventory.objects.default()
    known = {server.hostname: server for server in inventory.servers.all()}
    seen: dict[str, str] = {}
    for host in hosts:
        hostname = host.name.strip().lower()
        server = known.get(hostname) or Server(inventory=inventory)
        before = _values(server)
        server.inventory_name = host.name
        try:
            if other := seen.get(hostname):
                raise NotTaken(f"The name differs from “{other}” only in case.")
            seen[hostname] = host.name
            left_out = apply(host, server, environment)
            _file(report, server, before, dry_run=dry_run)
        except NotTaken as reason:
            report.refused[host.name] = str(reason)
        else:
            if left_out:
                report.left_out[host.name] = left_out
            for path in _encrypted(host, server):
                report.encrypted.setdefault(path, []).append(host.name)
    return report


def apply(host: Host, server: Server, environment: str = "") -> dict[str, str]:
    """Set the host's values on the server, without saving.

    Returns {variable: why it was left out}. Raises NotTaken.
    """
    connection = host.variables.get("ansible_connection")
    if connection in NO_SSH:
        raise NotTaken(f"It is reached over {connection}; InfraOps connects over SSH.")
    server.ip_address = _address(host, server)
    for column, names in COLUMNS.items():
        if (value := _named(host, names)) is not None:
            setattr(server, column, _plain(names[0], value))
    if chosen := environment or _named(host, ENVIRONMENT):
        server.environment = _plain("environment", chosen)
    if host.groups:
        server.tags = server.tags | {"groups": host.groups}
    left_out = dict(_left_out(host.variables))
    taken = host.variables.keys() - CONSUMED - left_out.keys()
    values = {name: host.variables[name] for name in sorted(taken)}
    if problem := storing_problem(values):
        raise NotTaken(problem)
    stored = _without_magic(server.variables)
    server.variables = stored | seal_secrets(values, _marked(host, stored), stored)
    return left_out


def _marked(host: Host, stored: dict[str, Any]) -> set[str]:
    """The variables to encrypt whatever their names: once secret, always secret."""
    named = host.variables.get(SECRETS, [])
    names = named.split(",") if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise NotTaken(f"{SECRETS} is not a list of names.")
    before = [name for name in secret_names(stored) if not is_secret_name(name)]
    return {*(name.strip() for name in names), *before} - set(ALWAYS_OPEN)


def _encrypted(host: Host, server: Server) -> list[str]:
    """Paths of the secrets among the host's variables."""
    taken = {name: server.variables.get(name) for name in host.variables}
    return [path for path, _value in sealed_paths(taken)]


def _without_magic(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables without Ansible's own, which older servers may still have."""
    return {name: value for name, value in variables.items() if name not in MAGIC_FOR_SERVERS}


def _file(report: InventoryImport, server: Server, before: list[Any], *, dry_run: bool) -> None:
    """Validate and save the server if it changed, and add it to the report. Raises NotTaken."""
    try:
        server.full_clean()
        is_new, is_changed = server.pk is None, _values(server) != before
        if (is_new or is_changed) and not dry_run:
            with transaction.atomic():
                server.save()
    except ValidationError as error:
        raise NotTaken(" ".join(error.messages)) from None
    except DatabaseError as error:
        raise NotTaken(f"The database refused it: {error}") from None
    lines = report.added if is_new else report.changed if is_changed else report.unchanged
    lines.append(server.hostname)


def _values(server: Server) -> list[Any]:
    """The values that an inventory may change."""
    return [getattr(server, name) for name in (*COLUMNS, *MORE_COLUMNS)]


def _named(host: Host, names: tuple[str, ...]) -> Any:
    """The value of the last of these names that is set."""
    given = [host.variables[name] for name in names if host.variables.get(name) not in (None, "")]
    return given[-1] if given else None


def _plain(name: str, value: Any) -> str:
    """The value as text.

    Raises NotTaken for templates, whose value is known only while a play runs.
    """
    if isinstance(value, dict | list) or "{{" in str(value):
        raise NotTaken(f"{name} is not a plain value: {quoted(str(value))}")
    return str(value)


def _address(host: Host, server: Server) -> str:
    """The address from ansible_host or the host's name, resolved if necessary.

    If the server's present address is among those resolved, it stays.
    """
    name = _plain(ADDRESS[0], _named(host, ADDRESS) or host.name)
    try:
        return str(ip_address(name))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        if host.variables.get("ansible_connection") == "local":
            return "127.0.0.1"  # unused, but true
        raise NotTaken(
            f"“{name}” is not an IP address and cannot be resolved: set ansible_host."
        ) from None
    addresses = [str(address[0]).partition("%")[0] for *_, address in found]
    return server.ip_address if server.ip_address in addresses else addresses[0]


def _left_out(variables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, reason) for variables that cannot be stored."""
    for name, value in variables.items():
        if name in CONSUMED:
            continue
        if not VARIABLE.fullmatch(name):
            yield name, "not a variable name: use letters, digits and “_”"
        elif name in MAGIC_FOR_SERVERS:
            yield name, "set by Ansible itself"  # few: ansible-inventory omits most
        elif _has_vaulted(value):
            yield name, "encrypted by Ansible Vault"
        elif mentions_sealed(value):
            yield name, f"holds “{ENCRYPTED}”, which is how InfraOps stores secrets"


def _has_vaulted(value: Any) -> bool:
    if isinstance(value, dict):
        return VAULTED in value or any(_has_vaulted(item) for item in value.values())
    return isinstance(value, list) and any(_has_vaulted(item) for item in value)
