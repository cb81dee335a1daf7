from .documents import FORMATS
from .exports import Export, read_export
from .verbs import DYNAMIC, EXPORT_SECRETS, export_inventory

__all__ = ["DYNAMIC", "EXPORT_SECRETS", "FORMATS", "Export", "export_inventory", "read_export"]
