"""inventories: servers that belong together, as one inventory of Ansible does."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections, models
from django.urls import reverse

from accounts.editing import Editable
from inventory.validators import AT, validate_inventory_name
from schema.exceptions import Refused
from schema.fields import CreatedAtField, DescriptionField, ExactCharField, UpdatedAtField

from .group_graph import GroupGraph


class InventoryQuerySet(models.QuerySet["Inventory"]):
    def default(self) -> Inventory:
        """The inventory of servers that name none; a migration has made it."""
        return self.get(is_default=True)

    def named(self, name: str) -> Inventory | None:
        """The inventory of this name; in another case, too, if only one has it."""
        if found := self.filter(name=name).first():
            return found
        alike = [each for each in self.all() if each.name.lower() == name.lower()]
        return alike[0] if len(alike) == 1 else None


class Inventory(Editable):
    name = ExactCharField(
        max_length=80,
        unique=True,
        validators=[validate_inventory_name],
        help_text="Unique; “Web” and “web” are two inventories. Its servers are called "
        "name@inventory, those of the default inventory just by their names.",
    )
    description = DescriptionField(blank=True)
    # True in one row, NULL in all others: the database allows no second True.
    is_default = models.BooleanField(null=True, default=None, unique=True, editable=False)
    separates_environments = models.BooleanField(
        "separate environments",
        default=False,
        db_default=False,
        help_text="Each environment is an Ansible group (hosts: production), and a run sees only "
        "the environments of its servers. Otherwise it sees the whole inventory.",
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = InventoryQuerySet.as_manager()

    class Meta:
        db_table = "inventories"
        verbose_name_plural = "inventories"
        ordering = ["name"]
        permissions = [("export_secrets", "Can export secrets, encrypted")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("admin:inventory_inventory_change", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        if self.pk and "name" not in (exclude or ()):
            self._refuse_new_name()

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refuses the default inventory: new servers need one."""
        if self.is_default:
            raise Refused(f"{self} is the default inventory and cannot be deleted.")
        return super().delete(*args, **kwargs)

    @property
    def list_query(self) -> str:
        """The query of the list of its servers."""
        return f"inventory__id__exact={self.pk}"

    @property
    def suffix(self) -> str:
        """What follows the names of its servers: “@staging”; "" in the default inventory."""
        return "" if self.is_default else f"{AT}{self.name.lower()}"

    def full_name(self, name: str, number: int = 1) -> str:
        """The hostname of its server of this name; the second with that is numbered 2."""
        counted = f"~{number}" if number > 1 else ""
        return f"{name.lower()}{counted}{self.suffix}"

    @cached_property
    def graph(self) -> GroupGraph:
        """Its groups, as they are when first asked for."""
        return GroupGraph(self)

    def _refuse_new_name(self) -> None:
        """Its servers would get new host names, which links and scripts have."""
        before = Inventory.objects.get(pk=self.pk)
        if before.name != self.name and before.suffix and before.servers.exists():
            raise ValidationError(
                {"name": [f"Its servers are called name{before.suffix}: it cannot be renamed."]}
            )


def share_inventories(servers: Iterable[Any]) -> None:
    """Let servers of one inventory have one object of it, so that its groups are read once.

    At most one query.
    """
    rows = list(servers)
    if not rows:
        return
    # Assigning it would ask the database routers for each of thousands.
    field: Any = rows[0]._meta.get_field("inventory")
    known: dict[int, Inventory] = {}
    for server in rows:
        if field.is_cached(server):
            known.setdefault(server.inventory_id, server.inventory)
    if missing := {server.inventory_id for server in rows} - known.keys():
        known |= Inventory.objects.in_bulk(missing)
    for server in rows:
        field.set_cached_value(server, known[server.inventory_id])


def default_inventory() -> Any:
    """The default inventory's key, for new servers."""
    return Inventory.objects.filter(is_default=True).values_list("pk", flat=True).first()


def keep_default_inventory(using: str, **kwargs: Any) -> None:
    """After each migrate, and after `flush`, which deletes it too: new servers need one."""
    if Inventory._meta.db_table not in connections[using].introspection.table_names():
        return  # a backward migration, or of a single app
    rows = Inventory.objects.using(using)
    if not rows.filter(is_default=True).exists():
        rows.bulk_create([Inventory(name="default", is_default=True)])  # nobody has edited it
