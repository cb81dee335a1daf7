"""Generates smart groups of the fleet."""

from typing import Any

from inventory.models import Inventory, SmartGroup

from . import bulk
from .world import World

FILTERS: dict[str, dict[str, Any]] = {
    "debian-11": {"os": "Debian 11"},
    "large-databases": {"tag": "role=db", "facts": ["memtotal_mb>=32768"]},
    "production-web": {"environment": "production", "tag": "role=web"},
}


def make_smart_groups(world: World) -> int:
    """Insert them into the default inventory. Returns their number."""
    inventory = Inventory.objects.default()
    times = {"created_at": world.since, "updated_at": world.since}
    return bulk.insert(
        (
            SmartGroup(inventory=inventory, name=name, filter=given, **times)
            for name, given in FILTERS.items()
        ),
        SmartGroup,
    )
