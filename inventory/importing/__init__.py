from .found_sources import find_or_make_source, path_of_source
from .inventories import import_inventory
from .overriding import remove_override, set_override
from .report import InventoryImport, ValueDifference
from .syncing import sync_source

__all__ = [
    "InventoryImport",
    "ValueDifference",
    "find_or_make_source",
    "import_inventory",
    "path_of_source",
    "remove_override",
    "set_override",
    "sync_source",
]
