"""Groups and smart groups by the names that people type: “web”, “web@staging”."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db.models import Q

from inventory.models import Inventory, ServerGroup, SmartGroup
from inventory.validators import AT
from schema.limits import quoted

Group = ServerGroup | SmartGroup


def full_name(group: Group) -> str:
    """ "web@staging", "web@default": the form that no other inventory's group has."""
    return f"{group.name}{AT}{group.inventory.name}"


def within(names: Iterable[str], inventory: Inventory | None = None) -> Q:
    """The condition for the servers in any of these groups. Raises ValidationError."""
    conditions = [group_named(name, inventory).holding() for name in names]
    return reduce(or_, conditions, Q(pk__in=[]))


def group_named(text: str, inventory: Inventory | None = None) -> Group:
    """The group, or smart group, that a person calls so.

    A bare name is looked up in `inventory`, if one is given. Raises ValidationError for a name that
    none has, and for one that several inventories have.
    """
    text = text.strip()
    own, _at, place = text.rpartition(AT)
    named = Inventory.objects.named(place) if own and place else None
    found = _called(own, named) if named else []
    found = found or _called(text, inventory)
    if not found:
        where = f" in {inventory}" if inventory else ""
        raise ValidationError({"groups": [f"There is no group “{quoted(text)}”{where}."]})
    if len(found) > 1:
        forms = ", ".join(map(full_name, found))
        raise ValidationError({"groups": [f"“{text}” is in several inventories: {forms}."]})
    _refuse_lost_criterion(found[0])
    return found[0]


def _refuse_lost_criterion(group: Group) -> None:
    """A smart group that asks for a deleted or renamed group would match nothing, silently."""
    lost = group.lost_group if isinstance(group, SmartGroup) else ""
    if lost:
        said = f"The smart group “{group}” asks for the group “{quoted(lost)}”, which is not there."
        raise ValidationError({"groups": [said]})


def _called(name: str, inventory: Inventory | None) -> list[Group]:
    """Each inventory's group of this name; a smart group where there is no other."""
    here = {"inventory": inventory} if inventory else {}
    found: dict[int | None, Group] = {}
    for rows in (SmartGroup.objects.all(), ServerGroup.objects.all()):
        for row in rows.filter(name=name, **here).select_related("inventory"):
            found[row.inventory_id] = row
    return sorted(found.values(), key=lambda group: group.inventory.name)
