"""Columns of a server that follow from the variables of an imported host.

The variables stay as they are and win. Columns are for people, filters and host keys: what is no
plain value there, such as a template, leaves them empty.
"""

from ipaddress import ip_address
from typing import Any

from django.core.exceptions import ValidationError

from inventory.ansible import reading
from inventory.ansible.connection import ALIASES, named, plain_value
from inventory.models import Server

ENVIRONMENT = ("environment", "infraops_environment")
EMPTY = {"ip_address": "", "ssh_port": 22, "ssh_user": "", "ssh_key_path": ""}


def derive(host: reading.ListedHost, server: Server, environment: str) -> None:
    """Set the columns that the host's variables name, and empty those that they no longer do."""
    for column, names in ALIASES.items():
        if any(name in host.variables for name in names):
            value = _valid(column, named(host.variables, names))
            setattr(server, column, EMPTY[column] if value is None else value)
        elif any(name in server.imported_variables for name in names):
            setattr(server, column, EMPTY[column])
    if chosen := environment or _valid("environment", named(host.variables, ENVIRONMENT)):
        server.environment = chosen.strip().lower()


def _valid(column: str, value: Any) -> Any:
    """The value as the column takes it; None if it does not."""
    text = plain_value(value)
    if text is None:
        return None
    try:
        if column == "ip_address":
            return str(ip_address(text.strip("[]").partition("%")[0]))
        found = int(text) if column == "ssh_port" else text
        field: Any = Server._meta.get_field(column)
        field.run_validators(found)
    except (ValueError, ValidationError):
        return None
    return found
