from .credential_scope import launching_roles
from .credentials import Credential, CredentialQuerySet
from .facts import ServerFacts
from .group_graph import ALL, UNGROUPED, GroupGraph
from .groups import ServerGroup, ServerGroupMember, ServerGroupQuerySet
from .host_names import UNPLACED
from .inventories import Inventory, share_inventories
from .overrides import VariableOverride
from .servers import (
    LOCALHOST,
    Server,
    ServerQuerySet,
    group_name,
    is_group_name,
    is_production_name,
    spelled_address,
)
from .smart_groups import FILTERED_BY, SmartGroup
from .sources import InventorySource

__all__ = [
    "ALL",
    "FILTERED_BY",
    "LOCALHOST",
    "UNGROUPED",
    "UNPLACED",
    "Credential",
    "CredentialQuerySet",
    "GroupGraph",
    "Inventory",
    "InventorySource",
    "Server",
    "ServerFacts",
    "ServerGroup",
    "ServerGroupMember",
    "ServerGroupQuerySet",
    "ServerQuerySet",
    "SmartGroup",
    "VariableOverride",
    "group_name",
    "is_group_name",
    "is_production_name",
    "launching_roles",
    "share_inventories",
    "spelled_address",
]
