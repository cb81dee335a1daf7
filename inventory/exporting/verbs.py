"""Export an inventory: the one way for page, API and command."""

from __future__ import annotations

import json

from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import User
from audit.models import AuditLog
from inventory.models import Inventory

from .documents import export_files
from .exports import read_export
from .vault import encrypted

# What a script prints for --list; a client asks for it.
DYNAMIC = "dynamic"
EXPORT_SECRETS = "inventory.export_secrets"
# ansible-vault derives its key from the password quickly: short ones can be guessed.
SHORTEST_PASSWORD = 8


def export_inventory(
    actor: User,
    inventory: Inventory,
    kind: str,
    *,
    with_secrets: bool = False,
    vault_password: str = "",
) -> dict[str, str]:
    """{path: content} in this format (documents.FORMATS, or DYNAMIC), recorded.

    With secrets, each file is encrypted with the vault password. Raises PermissionDenied,
    ValidationError for the password, Refused for what the format cannot hold.
    """
    if with_secrets:
        _refuse_secrets(actor, vault_password)
    export = read_export(inventory, with_secrets=with_secrets)
    if kind == DYNAMIC:
        text = json.dumps(export.dynamic)
        files = {"hosts": encrypted(text, vault_password) if with_secrets else text}
    else:
        files = export_files(export, kind, vault_password)
    AuditLog.objects.record(
        "inventory.exported",
        inventory,
        actor=actor,
        format=kind,
        secrets=with_secrets,
        servers=len(export.servers),
    )
    return files


def _refuse_secrets(actor: User, vault_password: str) -> None:
    if not actor.has_perm(EXPORT_SECRETS):
        raise PermissionDenied("Only admins may export secrets.")
    if len(vault_password) < SHORTEST_PASSWORD:
        raise ValidationError(
            {"vault_password": [f"Enter {SHORTEST_PASSWORD} characters or more."]}
        )
