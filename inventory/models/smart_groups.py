"""smart_groups: servers of an inventory that match a filter, whichever those are at the moment.

They choose servers at launches and in lists. Ansible never sees them.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.editing import Editable
from inventory.models.fact_texts import parse_fact
from inventory.tag_texts import has_tag
from inventory.validators import RESERVED_NAMES, validate_group_name
from schema.fields import (
    CreatedAtField,
    DescriptionField,
    ExactCharField,
    JSONShapeField,
    UpdatedAtField,
)
from schema.limits import LONGEST_SEARCH

from .groups import ServerGroup
from .inventories import Inventory, default_inventory
from .servers import Server, ServerQuerySet

# What a filter may ask for, with texts as the servers' list and /api/servers take them. `facts` is
# a list: all of them have to hold.
FILTERED_BY = ("environment", "os", "tag", "group", "search", "facts")
MOST_FACTS = 20


def validate_filter(value: Any) -> None:
    """{"environment": "staging", "facts": ["memtotal_mb>=4096"]}: at least one criterion."""
    if not isinstance(value, dict) or not value:
        raise ValidationError("Set at least one criterion.")
    if unknown := sorted(value.keys() - set(FILTERED_BY)):
        known = ", ".join(FILTERED_BY)
        raise ValidationError(f"“{unknown[0][:80]}” is no criterion. There are: {known}.")
    facts = value.get("facts", [])
    if not isinstance(facts, list) or len(facts) > MOST_FACTS:
        raise ValidationError(f"“facts” must be a list of at most {MOST_FACTS} texts.")
    for text in [*(value[name] for name in value if name != "facts"), *facts]:
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_SEARCH:
            raise ValidationError(f"Criteria are texts of 1 to {LONGEST_SEARCH} characters.")
    for text in facts:
        parse_fact(text)


class SmartGroup(Editable):
    inventory = models.ForeignKey(
        Inventory, models.RESTRICT, default=default_inventory, related_name="smart_groups"
    )
    name = ExactCharField(
        max_length=255,
        validators=[validate_group_name],
        help_text="Unique among all groups of the inventory.",
    )
    description = DescriptionField(blank=True)
    filter = JSONShapeField(
        default=dict,
        validators=[validate_filter],
        help_text="A server has to match all criteria.",
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        db_table = "smart_groups"
        ordering = ["inventory", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["inventory", "name"],
                name="uq_smart_groups_name",
                violation_error_message="The inventory already has a smart group of this name.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.inventory.suffix}"

    def get_absolute_url(self) -> str:
        return reverse("admin:inventory_smartgroup_change", args=[self.pk])

    @property
    def list_query(self) -> str:
        """The query of the list of its servers."""
        return f"smart_group={self.pk}"

    def clean_fields(self, exclude: Any = None) -> None:
        if isinstance(self.filter, dict) and isinstance(self.filter.get("environment"), str):
            self.filter["environment"] = self.filter["environment"].strip().lower()
        super().clean_fields(exclude)

    def clean(self) -> None:
        if self.pk and SmartGroup.objects.exclude(inventory=self.inventory_id).filter(pk=self.pk):
            raise ValidationError({"inventory": ["A smart group stays in its inventory."]})
        groups = ServerGroup.objects.filter(inventory=self.inventory_id)
        if self.name in RESERVED_NAMES or groups.filter(name=self.name).exists():
            raise ValidationError({"name": ["The inventory already has a group of this name."]})
        if lost := self.lost_group:
            raise ValidationError({"filter": [f"The inventory has no group “{lost}”."]})

    @property
    def lost_group(self) -> str:
        """The group that the filter names, if the inventory has none of that name; else ""."""
        named = self.filter.get("group", "") if isinstance(self.filter, dict) else ""
        if not isinstance(named, str) or not named:
            return ""
        groups = ServerGroup.objects.filter(inventory=self.inventory_id, name=named)
        return "" if groups.exists() else named

    def holding(self) -> Q:
        """The condition for the servers that match the filter now, active or not."""
        rows = self._matching()
        tagged = self._tagged(rows)
        if tagged is not None:
            return Q(pk__in=tagged)
        return Q(pk__in=rows.values("pk"))

    @property
    def server_count(self) -> int:
        """How many active servers match now."""
        rows = self._matching().active()
        tagged = self._tagged(rows)
        return rows.count() if tagged is None else len(tagged)

    @property
    def words(self) -> str:
        """ "environment staging, tag role=web, ansible_memtotal_mb>=4096"."""
        given = [f"{name} {self.filter[name]}" for name in FILTERED_BY[:-1] if name in self.filter]
        return ", ".join([*given, *self.filter.get("facts", [])])

    def _tagged(self, rows: ServerQuerySet) -> list[int] | None:
        """The keys of those with the tag; None if the filter has none.

        Columns rather than rows: a form counts the servers of every smart group.
        """
        tag = self.filter.get("tag")
        if not tag:
            return None
        return [pk for pk, tags in rows.values_list("pk", "tags") if has_tag(tags, tag)]

    def _matching(self) -> ServerQuerySet:
        """Those that match all criteria but the tag."""
        given = self.filter
        rows = Server.objects.filter(inventory=self.inventory_id).order_by()
        if "environment" in given:
            rows = rows.in_environment(given["environment"])
        if "os" in given:
            rows = rows.with_os(given["os"])
        if "search" in given:
            rows = rows.search(given["search"])
        if "group" in given:
            groups = ServerGroup.objects.filter(inventory=self.inventory_id, name=given["group"])
            group = groups.first()
            rows = rows.filter(group.holding()) if group else rows.none()
        for fact in given.get("facts", []):
            rows = rows.with_fact(fact)
        return rows
