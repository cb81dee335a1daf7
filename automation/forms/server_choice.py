"""The form field to choose servers by name: check boxes, and a search if there are many."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from console.objects import row_key
from inventory.choosing import full_name
from inventory.models import Inventory, Server, SmartGroup

# The number of check boxes for chosen servers, and for others.
CHOSEN_SHOWN = 100
OFFERED = 30


@dataclass(frozen=True)
class ServerOffer:
    """The check boxes to show.

    `hidden` are the keys of chosen servers without a check box. `has_more` is True if more servers
    match than are offered.
    """

    chosen: list[Server]
    hidden: list[int]
    others: list[Server]
    has_more: bool


def offer_servers(keys: Iterable[Any], search: str = "") -> ServerOffer:
    """The chosen servers, and active ones that match the search, by name. Ignores invalid keys."""
    known = {row_key(str(key)) for key in keys} - {None}
    chosen = list(Server.objects.filter(pk__in=known).order_by("hostname")) if known else []
    matching = Server.objects.active().order_by("hostname")
    if search.strip():
        matching = matching.search(search.strip())
    # Of so many, enough are not among the chosen ones.
    others = [row for row in matching[: OFFERED + 1 + len(known)] if row.pk not in known]
    return ServerOffer(
        chosen[:CHOSEN_SHOWN],
        [server.pk for server in chosen[CHOSEN_SHOWN:]],
        others[:OFFERED],
        len(others) > OFFERED,
    )


def offer_groups() -> list[tuple[str, Any]]:
    """Choices of a select: each inventory's groups and smart groups, with their active servers."""
    active: dict[int, set[int]] = {}
    for place, server in Server.objects.active().values_list("inventory_id", "pk"):
        active.setdefault(place, set()).add(server)
    offered: dict[str, list[tuple[str, str]]] = {}
    for inventory in Inventory.objects.filter(groups__isnull=False).distinct().order_by("name"):
        here, graph = active.get(inventory.pk, set()), inventory.graph
        for group in sorted(graph.groups.values(), key=lambda each: each.name):
            if not group.is_built_in:
                count = len(here.intersection(graph.servers_below(group.pk)))
                choice = (full_name(group), f"{group.name} ({count})")
                offered.setdefault(inventory.name, []).append(choice)
    for smart in SmartGroup.objects.select_related("inventory"):
        choice = (full_name(smart), f"{smart.name} ({smart.server_count})")
        offered.setdefault(f"{smart.inventory}: smart groups", []).append(choice)
    return [("", "Any"), *offered.items()]


class ServersField(forms.ModelMultipleChoiceField):
    """Servers by key, of whatever number of check boxes."""

    # Only names the submitted field: the template has the check boxes.
    widget = forms.SelectMultiple

    def clean(self, value: Any) -> Any:
        """Numbers that no key can be are refused here: the database would not take them."""
        for key in value or ():
            if str(key).isdecimal() and not row_key(str(key)):
                raise ValidationError(f"There is no server {key}.")
        return super().clean(value)
