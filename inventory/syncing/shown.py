"""What other pages say about sources: an inventory's, a server's, home, health."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from console.collected import Condition
from inventory.ansible.provenance import list_group_variables
from inventory.models import Inventory, InventorySource, Server, ServerGroup
from inventory.models.source_syncs import SyncProgress

SHOWN = 20


def sources_of(request: HttpRequest, inventory: Inventory) -> dict[str, Any]:
    """The sources of an inventory."""
    return {"sources": list(inventory.sources.with_owned().select_related("inventory")[:SHOWN])}


def owner_of(request: HttpRequest, row: Server | ServerGroup) -> dict[str, Any]:
    """The source that a server or group belongs to, if any."""
    return {"owner": row.source}


def describe_group(request: HttpRequest, group: ServerGroup) -> dict[str, Any]:
    """What a group sets in the inventory and in files beside it."""
    vaulted = [file["path"] for file in group.variable_files if "vaulted" in file]
    return {"variables": list_group_variables(group), "vaulted_files": vaulted}


def failed_sources(request: HttpRequest, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Active sources whose last sync has failed."""
    failed = InventorySource.objects.active().filter(state=InventorySource.State.FAILED)
    return {"failed_sources": list(failed.select_related("inventory").order_by("pk")[:SHOWN])}


def examine_sources() -> Condition:
    """Healthy in any case: a sync that fails is the inventory's trouble, not the console's."""
    rows = InventorySource.objects.active().order_by().values_list("state", "progress")
    found = list(rows)
    failed = sum(state == InventorySource.State.FAILED for state, _progress in found)
    going_on = sum(progress != SyncProgress.IDLE for _state, progress in found)
    return Condition(facts={"failed_syncs": failed, "syncing": going_on})
