"""The criteria of a choice, and the active servers that match all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from inventory.models import Inventory, Server
from schema.limits import name_some

from .groups import within
from .limits import servers_within

# How a launch can choose servers without naming them. `groups` are several names, of which a server
# has to be in one; the others are texts.
CHOSEN_BY = ("inventory", "groups", "limit", "environment", "tag", "search")
NOBODY_CHOSEN = "No active server matches."
# More keys are compared here rather than in a statement.
MOST_KEYS = 500


def choose_servers(
    *,
    inventory: str = "",
    groups: Sequence[str] = (),
    limit: str = "",
    environment: str = "",
    tag: str = "",
    search: str = "",
) -> list[Server]:
    """Active servers that match every given criterion, by host name.

    For tags see Server.has_tag, for limits limits.py. Raises ValidationError ({criterion:
    messages}) for names that nothing has.
    """
    servers = Server.objects.active().order_by("hostname")
    place = asked_inventory(inventory) if inventory else None
    if place is not None:
        servers = servers.filter(inventory=place)
    if groups:
        servers = servers.filter(within(groups, place))
    keys = servers_within(limit, place) if limit else None
    if keys is not None and len(keys) <= MOST_KEYS:
        servers = servers.filter(pk__in=keys)
    if search.strip():
        servers = servers.search(search.strip())
    if environment.strip():
        servers = servers.in_environment(environment.strip().lower())
    return [
        server
        for server in servers
        if (keys is None or server.pk in keys) and (not tag.strip() or server.has_tag(tag))
    ]


def describe_choice(given: Mapping[str, Any]) -> str:
    """ "inventory staging, groups web and db, limit web:!db1"; "" for servers that were named."""
    words = {name: name_some(list(value)) for name, value in given.items() if name == "groups"}
    return ", ".join(f"{name} {words.get(name, value)}" for name, value in given.items())


def asked_inventory(name: str) -> Inventory:
    """The inventory that a person calls so. Raises ValidationError."""
    found = Inventory.objects.named(name.strip())
    if found is None:
        raise ValidationError({"inventory": [f"There is no inventory “{name}”."]})
    return found
