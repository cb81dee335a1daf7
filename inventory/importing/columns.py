"""Columns of a server that follow from the variables of an imported host.

The variables stay as they are and win. Columns are for people, filters and host keys: what is no
plain value there, such as a template, leaves them empty.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from django.core.exceptions import ValidationError

from inventory.ansible.connection import ALIASES, named, plain_value
from inventory.models import Server
from inventory.models.ownership import ENVIRONMENT

EMPTY = {"ip_address": "", "ssh_port": 22, "ssh_user": "", "ssh_key_path": ""}


def derive(server: Server, before: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    """Set the columns that its variables name, and empty those that they no longer do.

    `before` are the names of those that it had.
    """
    for column, names in ALIASES.items():
        if any(name in variables for name in names):
            value = _valid(column, named(variables, names))
            setattr(server, column, EMPTY[column] if value is None else value)
        elif any(name in before for name in names):
            setattr(server, column, EMPTY[column])


def named_environment(variables: Mapping[str, Any]) -> str:
    """The environment that a host's variables name; "" if none does."""
    found = _valid("environment", named(variables, ENVIRONMENT))
    return found.strip().lower() if found else ""


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
