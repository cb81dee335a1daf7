from .inventories import InventoryImport, import_inventory

__all__ = ["InventoryImport", "import_inventory"]
