"""Inventories as a run has them, from rows."""

from pathlib import Path

from inventory.ansible.inventory_file import write_inventory
from inventory.ansible.reading import ListedInventory
from inventory.importing import import_inventory
from inventory.models import Inventory, InventorySource, Server

NAME = "lab"


def lab() -> Inventory:
    return Inventory.objects.get(name=NAME)


def take_over(listed: ListedInventory) -> bool:
    """Import it; returns whether anything has changed."""
    inventory = Inventory.objects.get_or_create(name=NAME)[0]
    source = InventorySource.objects.get_or_create(inventory=inventory, name=NAME)[0]
    report = import_inventory(listed, source=source)
    assert not report.refused
    return report.changes_anything


def rendered(folder: Path, names: list[str] | None = None) -> tuple[Path, str]:
    """(inventory, limit) of a run on the servers of these names; without any, on all of them."""
    servers = lab().servers.active()
    targets = list(servers if names is None else servers.filter(inventory_name__in=names))
    folder.mkdir(mode=0o700)
    script = write_inventory(folder, targets, Server.objects.neighbours_of(targets))
    limit = folder / "limit"
    limit.write_text("\n".join(server.inventory_name for server in targets))
    return script, f"@{limit}"
