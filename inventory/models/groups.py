"""server_groups: the groups of an inventory, nested as in Ansible, and what is in them."""

from __future__ import annotations

from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse

from accounts.editing import Editable
from inventory.host_variables import HostVariablesField
from inventory.validators import RESERVED_NAMES, validate_group_name, validate_object
from schema.fields import (
    CASCADE_ROW,
    CreatedAtField,
    DescriptionField,
    ExactCharField,
    UpdatedAtField,
)
from schema.limits import LONGEST_SEARCH

from .group_graph import ALL, UNGROUPED, GroupGraph
from .host_names import UNPLACED
from .inventories import Inventory, default_inventory
from .own_variables import OwnVariables
from .ownership import Owned
from .servers import Server
from .sources import InventorySource


class ServerGroupQuerySet(models.QuerySet["ServerGroup"]):
    def search(self, text: str) -> Self:
        """Groups whose name or description contains the text; none if it is too long."""
        if len(text) > LONGEST_SEARCH:
            return self.none()
        return self.filter(Q(name__icontains=text) | Q(description__icontains=text))


class ServerGroup(Owned, OwnVariables, Editable):
    inventory = models.ForeignKey(
        Inventory, models.RESTRICT, default=default_inventory, related_name="groups"
    )
    # Where its variables come from; None: from people, or an import that nobody repeats.
    source = models.ForeignKey(
        InventorySource,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="groups",
    )
    name = ExactCharField(
        max_length=255,
        validators=[validate_group_name],
        help_text="Unique in its inventory; “Web” and “web” are two groups. “all” is for the "
        "variables of all servers.",
    )
    description = DescriptionField(blank=True)
    variables = HostVariablesField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_object],
        help_text="Variables of the group, as in the inventory itself. Secrets are encrypted.",
    )
    priority = models.IntegerField(
        default=1,
        db_default=1,
        help_text="ansible_group_priority: of groups at the same depth, the variables of the one "
        "with the highest priority win.",
    )
    # Its place among the inventory's groups.
    position = models.IntegerField(default=UNPLACED, db_default=UNPLACED, editable=False)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = ServerGroupQuerySet.as_manager()

    OF_SOURCE = ("name", "variables", "priority")

    class Meta:
        db_table = "server_groups"
        verbose_name = "group"
        ordering = ["inventory", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["inventory", "name"],
                name="uq_server_groups_name",
                violation_error_message="The inventory already has a group of this name.",
            ),
        ]
        indexes = [models.Index(fields=["sealed_with"], name="idx_server_groups_sealed_with")]

    def __str__(self) -> str:
        return f"{self.name}{self.inventory.suffix}"

    def get_absolute_url(self) -> str:
        return reverse("admin:inventory_servergroup_change", args=[self.pk])

    @property
    def list_query(self) -> str:
        """The query of the list of its servers."""
        return f"memberships__group__id__exact={self.pk}"

    def clean(self) -> None:
        own = Inventory.objects.filter(pk=self.inventory_id or 0)
        if own.filter(smart_groups__name=self.name).exists():
            raise ValidationError({"name": ["The inventory has a smart group of this name."]})
        if self.pk and ServerGroup.objects.exclude(inventory=self.inventory_id).filter(pk=self.pk):
            raise ValidationError({"inventory": ["A group stays in its inventory."]})

    @property
    def is_built_in(self) -> bool:
        """True for Ansible's own groups, whose members nobody chooses."""
        return self.name in RESERVED_NAMES

    def holding(self) -> Q:
        """The condition for the servers in it at any depth, active or not."""
        here = Q(inventory=self.inventory_id)
        members = ServerGroupMember.objects.filter(server__isnull=False)
        if self.name == ALL:
            return here
        if self.name == UNGROUPED:
            return here & ~Q(pk__in=members.values("server"))
        below = self.inventory.graph.below(self.pk)
        return Q(pk__in=members.filter(group__in=below).values("server"))

    @transaction.atomic
    def set_members(
        self, servers: list[Server] | None = None, children: list[ServerGroup] | None = None
    ) -> None:
        """Let exactly these be in the group; new ones come last. None leaves them as they are.

        Raises ValidationError for one of another inventory, for a cycle, and if a source has put in
        one that would go.
        """
        for column, rows in (("server", servers), ("child", children)):
            if rows is None:
                continue
            members = self.members.filter(**{f"{column}__isnull": False})
            removed = members.exclude(**{f"{column}__in": rows})
            for member in removed.exclude(source=None).select_related("source")[:1]:
                raise ValidationError(member.advice)
            removed.delete()
            known = set(members.values_list(column, flat=True))
            for row in rows:
                if row.pk not in known:
                    member = ServerGroupMember(group=self, **{column: row})
                    member.full_clean()
                    member.save()


class ServerGroupMember(models.Model):
    """A server or another group in a group."""

    group = models.ForeignKey(ServerGroup, models.CASCADE, related_name="members")
    server = models.ForeignKey(
        Server, CASCADE_ROW, null=True, blank=True, related_name="memberships"
    )
    child = models.ForeignKey(
        ServerGroup,
        CASCADE_ROW,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name="group",
    )
    # The source that has put it in; None: people, or an import that nobody repeats.
    source = models.ForeignKey(
        InventorySource,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="members",
    )
    # Its place in the group, as an import gave it; those without one come last.
    position = models.IntegerField(default=UNPLACED, db_default=UNPLACED, editable=False)

    class Meta:
        db_table = "server_group_members"
        verbose_name = "member of a group"
        verbose_name_plural = "members of groups"
        ordering = ["group", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "server"], name="uq_server_group_members_server"
            ),
            models.UniqueConstraint(
                fields=["group", "child"], name="uq_server_group_members_child"
            ),
            models.CheckConstraint(
                condition=Q(server=None, child__isnull=False) | Q(server__isnull=False, child=None),
                name="ck_server_group_members_one",
                violation_error_message="Choose a server or a group.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.server or self.child} in {self.group}"

    @property
    def advice(self) -> str:
        """For whoever tries to change a member that a source has put in."""
        advice = self.source.advice if self.source else ""
        return f"“{self.server or self.child}” in “{self.group}” {advice}."

    def clean(self) -> None:
        member: Any = self.server or self.child
        if member is None or self.group_id is None:
            return
        if self.source and self._is_another_now():
            raise ValidationError(self.advice)
        if self._state.adding and member.source_id and self.group.source_id:
            raise ValidationError(f"{member} {member.source.advice}.")
        if self.group.is_built_in:
            raise ValidationError(f"Ansible itself decides what is in “{self.group.name}”.")
        if member.inventory_id != self.group.inventory_id:
            raise ValidationError(f"“{member}” is in another inventory.")
        if self.child is not None:
            if self.child.is_built_in:
                raise ValidationError(f"“{self.child.name}” cannot be in another group.")
            GroupGraph(self.group.inventory).refuse_cycle(self.group_id, self.child.pk)

    def _is_another_now(self) -> bool:
        same = {"group": self.group_id, "server": self.server_id, "child": self.child_id}
        return not ServerGroupMember.objects.filter(pk=self.pk, **same).exists()
