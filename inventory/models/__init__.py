from .credential_scope import launching_roles
from .credentials import Credential, CredentialQuerySet
from .facts import ServerFacts
from .host_names import UNPLACED
from .inventories import Inventory
from .servers import (
    CHOSEN_BY,
    Server,
    ServerQuerySet,
    group_name,
    is_group_name,
    is_production_name,
    spelled_address,
)

__all__ = [
    "CHOSEN_BY",
    "UNPLACED",
    "Credential",
    "CredentialQuerySet",
    "Inventory",
    "Server",
    "ServerFacts",
    "ServerQuerySet",
    "group_name",
    "is_group_name",
    "is_production_name",
    "launching_roles",
    "spelled_address",
]
