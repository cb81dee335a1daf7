"""Check that a run may use the credentials it needs.

Called at the launch, at the claim, and with the very rows that go into the inventory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from accounts.models import User
from automation import variables
from inventory.models import Credential, Server
from schema.exceptions import Refused

if TYPE_CHECKING:
    from .runs import Run


def refuse_misuse(run: Run, servers: list[Server], actor: User) -> None:
    """Raise Refused or PermissionDenied if the run may not use one of its credentials."""
    Credential.objects.refuse_misuse(servers, run.credential, actor)
    if not (steering := _steering(run)):
        return
    for credential in Credential.objects.used_for(servers, run.credential):
        if credential.has_password:
            raise Refused(
                f"The credential “{credential}” has a password: a launch that uses it may not set "
                f"{', '.join(steering)}."
            )


def credential_problem(run: Run) -> str:
    """One sentence why the run may no longer use a credential it needs; "" if it may.

    Reads the rows anew: servers, credentials or the role may have changed since the launch.
    """
    servers = Server.objects.filter(jobs__run=run).order_by("pk")
    if not run.credential_id:
        servers = servers.filter(credential__isnull=False)
    try:
        refuse_misuse(run, list(servers), User.objects.get(pk=run.launched_by_id))
    except (Refused, PermissionDenied) as error:
        return str(error)
    return ""


def _steering(run: Run) -> list[str]:
    """Variables of the launch that could redirect a connection.

    Those with the default that the playbook declares do not count: its author chose that value.
    """
    return [
        name
        for name, value in run.extra_vars.items()
        if name.startswith(variables.RESERVED)
        and value != run.playbook.variables.get(name, {}).get("default")
    ]
