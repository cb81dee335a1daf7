from .credential_scope import launching_roles
from .credentials import Credential, CredentialQuerySet
from .facts import ServerFacts
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
    "Credential",
    "CredentialQuerySet",
    "Server",
    "ServerFacts",
    "ServerQuerySet",
    "group_name",
    "is_group_name",
    "is_production_name",
    "launching_roles",
    "spelled_address",
]
