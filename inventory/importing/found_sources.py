"""The source of a path that somebody imports from."""

from __future__ import annotations

from pathlib import Path

from inventory.models import InventorySource
from inventory.models.sources import playbook_root
from schema.exceptions import Refused

from .inventories import find_or_make_inventory


def path_of_source(path: Path) -> str | None:
    """The path relative to PLAYBOOK_ROOT; None if it is not below."""
    for given, root in ((path.absolute(), playbook_root()), (path.resolve(), playbook_root())):
        if given != root and given.is_relative_to(root) and ".." not in given.parts:
            return given.relative_to(root).as_posix()
    return None


def find_or_make_source(
    path: str, inventory: str = "", environment: str = "", pass_environment: list[str] | None = None
) -> InventorySource:
    """The source of this path; by default that of any inventory, else one in the default one.

    Raises Refused if several inventories have one, and ValidationError for one that cannot be.
    """
    found = InventorySource.objects.of_path(path).select_related("inventory")
    if inventory:
        found = found.filter(inventory=find_or_make_inventory(inventory))
    if len(found) > 1:
        names = ", ".join(str(each.inventory) for each in found)
        raise Refused(f"Several inventories have a source {path}: {names}. Name one: --inventory.")
    source = found[0] if found else None
    if source is None:
        source = InventorySource(inventory=find_or_make_inventory(inventory), path=path)
        source.name = _free_name(source)
    source.environment = environment or source.environment
    source.pass_environment = pass_environment or source.pass_environment
    source.full_clean()
    source.save()
    return source


def _free_name(source: InventorySource) -> str:
    """The path, or its last part where that is too long, which no source there has."""
    longest = 80
    base = source.path if len(source.path) <= longest else Path(source.path).name[: longest - 4]
    taken = set(source.inventory.sources.values_list("name", flat=True))
    names = [base, *(f"{base[: longest - 4]}-{number}" for number in range(2, 1000))]
    return next(name for name in names if name not in taken)
