from .credentials import Credential, CredentialQuerySet
from .facts import ServerFacts
from .servers import Server, ServerQuerySet, group_name, is_group_name, spelled

__all__ = [
    "Credential",
    "CredentialQuerySet",
    "Server",
    "ServerFacts",
    "ServerQuerySet",
    "group_name",
    "is_group_name",
    "spelled",
]
