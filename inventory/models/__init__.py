from .credential_scope import launching_roles
from .credentials import Credential, CredentialQuerySet
from .facts import ServerFacts
from .group_graph import ALL, UNGROUPED, GroupGraph
from .groups import ServerGroup, ServerGroupMember, ServerGroupQuerySet
from .host_names import UNPLACED
from .inventories import Inventory, share_inventories
from .servers import (
    Server,
    ServerQuerySet,
    group_name,
    is_group_name,
    is_production_name,
    spelled_address,
)
from .smart_groups import FILTERED_BY, SmartGroup

__all__ = [
    "ALL",
    "FILTERED_BY",
    "UNGROUPED",
    "UNPLACED",
    "Credential",
    "CredentialQuerySet",
    "GroupGraph",
    "Inventory",
    "Server",
    "ServerFacts",
    "ServerGroup",
    "ServerGroupMember",
    "ServerGroupQuerySet",
    "ServerQuerySet",
    "SmartGroup",
    "group_name",
    "is_group_name",
    "is_production_name",
    "launching_roles",
    "share_inventories",
    "spelled_address",
]
