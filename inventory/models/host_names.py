"""A server's two names: `hostname`, by which people know it, and what Ansible calls it.

In the default inventory both are alike but for capitals; in any other, the hostname is
“name@inventory”. People and clients only type hostnames, imports only give Ansible's names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from inventory.validators import AT, validate_host_name, validate_hostname
from schema.exceptions import Refused
from schema.fields import ExactCharField

from .inventories import Inventory

# Behind all servers that an import has placed.
UNPLACED = 2**31 - 1
# Where a hostname is taken by a name that differs in case or accents only: “web1~2@staging”.
NUMBERED = re.compile(r"~[0-9]+")


class InventoryNameField(ExactCharField):
    """Taken from the hostname where a row is written that was not cleaned before."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "schema.fields.ExactCharField", args, kwargs

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if not getattr(model_instance, self.attname):
            hostname = model_instance.hostname
            suffix = model_instance.inventory.suffix if AT in hostname else ""
            setattr(model_instance, self.attname, hostname.removesuffix(suffix))
        return super().pre_save(model_instance, add)


class HostNameQuerySet(models.QuerySet[Any]):
    def named(self, text: str) -> Any:
        """The server that a person calls “web1” or “web1@staging”. Raises Refused."""
        text = text.strip()
        name, at, inventory_name = text.rpartition(AT)
        inventory = Inventory.objects.named(inventory_name) if at else None
        if inventory is None:
            found = self._best_of_each(text, list(Inventory.objects.all()))
        else:
            found = self._best_of_each(name, [inventory])
        if not found:
            raise Refused(f"There is no server “{text}”.")
        if len(found) > 1:
            forms = ", ".join(f"{each.inventory_name}{AT}{each.inventory}" for each in found)
            raise Refused(f"“{text}” is in several inventories: {forms}.")
        return found[0]

    def _best_of_each(self, name: str, inventories: list[Inventory]) -> list[Any]:
        """Of each inventory its server of this name; else one whose name differs in case only."""
        here = [each.full_name(name) for each in inventories]
        rows = self.filter(Q(inventory_name=name) | Q(hostname__in=here), inventory__in=inventories)
        best: dict[int, Any] = {}
        for server in rows.select_related("inventory").order_by("inventory_id", "pk"):
            is_exact = server.inventory_name == name
            # MySQL also finds names that differ in accents.
            if is_exact or (
                server.inventory_name.lower() == name.lower() and server.inventory_id not in best
            ):
                best[server.inventory_id] = server
        return list(best.values())


class HostNames(models.Model):
    if TYPE_CHECKING:
        hostname: Any
        inventory: Any
        inventory_id: Any
        inventory_name: Any

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Any = None) -> None:
        """Make the names follow a new hostname; without one, make that follow the names."""
        problems: dict[str, Any] = {}
        try:
            self._agree_on_names()
        except ValidationError as error:
            problems = {"hostname": error.messages}
            exclude = {*(exclude or ()), "hostname", "inventory_name"}
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            problems = error.update_error_dict(problems)
        if problems:
            raise ValidationError(problems)

    def _agree_on_names(self) -> None:
        typed = self.hostname.strip()
        if not typed:
            self.hostname = self.inventory.full_name(self.inventory_name)
        elif not self._is_own(typed):
            self._take(typed)

    def _is_own(self, hostname: str) -> bool:
        """True if the hostname is what follows from the other names."""
        name, suffix = self.inventory_name.lower(), self.inventory.suffix
        if not name or not hostname.startswith(name) or not hostname.endswith(suffix):
            return False
        between = hostname[len(name) : len(hostname) - len(suffix)]
        return not between or NUMBERED.fullmatch(between) is not None

    def _take(self, typed: str) -> None:
        """Set all names from a hostname that somebody typed. Raises ValidationError."""
        name, inventory = split_hostname(typed)
        if self.pk and inventory.pk != self.inventory_id:
            right = self.inventory.full_name(name)
            raise ValidationError(
                f"A server stays in its inventory, “{self.inventory}”: enter “{right}”."
            )
        (validate_hostname if inventory.is_default else validate_host_name)(name)
        rows: Any = type(self)._default_manager
        others = rows.filter(inventory=inventory, inventory_name=name)
        if others.exclude(pk=self.pk).exists():
            raise ValidationError(f"“{inventory}” already has a server “{name}”.")
        self.inventory, self.inventory_name = inventory, name
        self.hostname = inventory.full_name(name)


def split_hostname(typed: str) -> tuple[str, Inventory]:
    """(name, inventory) of “web1” or “web1@staging”. Raises ValidationError."""
    name, at, inventory_name = typed.rpartition(AT)
    if not at:
        return typed, Inventory.objects.default()
    inventory = Inventory.objects.named(inventory_name.strip())
    if inventory is None:
        raise ValidationError(f"There is no inventory “{inventory_name}”.")
    return name.strip(), inventory
