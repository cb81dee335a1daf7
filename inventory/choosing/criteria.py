"""The criteria of a choice, and the active servers that match all of them."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from inventory.models import Inventory, Server

# How a launch can choose servers without naming them.
CHOSEN_BY = ("inventory", "environment", "tag", "search")
NOBODY_CHOSEN = "No active server matches."


def choose_servers(
    *, inventory: str = "", environment: str = "", tag: str = "", search: str = ""
) -> list[Server]:
    """Active servers that match every given criterion, by host name.

    For tags see Server.has_tag. Raises ValidationError ({criterion: messages}) for names that
    nothing has.
    """
    servers = Server.objects.active().order_by("hostname")
    if inventory:
        servers = servers.filter(inventory=inventory_named(inventory))
    if search.strip():
        servers = servers.search(search.strip())
    if environment.strip():
        servers = servers.in_environment(environment.strip().lower())
    return [server for server in servers if not tag.strip() or server.has_tag(tag)]


def inventory_named(name: str) -> Inventory:
    """The inventory that a person calls so. Raises ValidationError."""
    found = Inventory.objects.named(name.strip())
    if found is None:
        raise ValidationError({"inventory": [f"There is no inventory “{name}”."]})
    return found
