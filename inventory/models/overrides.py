"""variable_overrides: values that people have put in place of those of an inventory source."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from inventory.host_variables import HostVariablesField
from schema.fields import CASCADE_ROW, CreatedAtField, EnumField, ExactCharField, UpdatedAtField

from .groups import ServerGroup
from .inventories import Inventory
from .servers import Server


class VariableOverrideQuerySet(models.QuerySet["VariableOverride"]):
    def of(self, inventory: Inventory) -> Self:
        """Those of its servers and groups, oldest first."""
        its = Q(server__inventory=inventory) | Q(group__inventory=inventory)
        return self.filter(its).order_by("pk")


class VariableOverride(models.Model):
    """The row's variables have its value already, at the place where the source's value stood.

    So an override changes nothing in Ansible's order of precedence. Where the source has no such
    variable, it stands among the row's own.
    """

    class Conflict(models.TextChoices):
        CHANGED = "changed", "The source changed the value"
        REMOVED = "removed", "The source removed the variable"

    server = models.ForeignKey(Server, CASCADE_ROW, null=True, blank=True, related_name="overrides")
    group = models.ForeignKey(
        ServerGroup, CASCADE_ROW, null=True, blank=True, related_name="overrides"
    )
    name = ExactCharField("variable", max_length=255)
    # {name: value}, encrypted like other variables; and the same of the source, {} if it has none.
    value = HostVariablesField(default=dict)
    replaced = HostVariablesField(default=dict, db_default={}, blank=True, editable=False)
    # The file beside the inventory in which it stands; "" for the inventory itself.
    file = models.CharField(max_length=500, blank=True, editable=False)
    # What a sync has found since somebody set or confirmed it.
    conflict = EnumField(choices=Conflict, blank=True, default="", db_default="", editable=False)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = VariableOverrideQuerySet.as_manager()

    class Meta:
        db_table = "variable_overrides"
        verbose_name = "override"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["server", "name"], name="uq_variable_overrides_server"),
            models.UniqueConstraint(fields=["group", "name"], name="uq_variable_overrides_group"),
            models.CheckConstraint(
                condition=Q(server=None, group__isnull=False) | Q(server__isnull=False, group=None),
                name="ck_variable_overrides_one",
                violation_error_message="Choose a server or a group.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.row}"

    def get_absolute_url(self) -> str:
        return reverse("admin:inventory_variableoverride_change", args=[self.pk])

    @property
    def row(self) -> Any:
        """The server or group whose variable it is."""
        return self.server or self.group
