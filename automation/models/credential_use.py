"""Whether a run may use the credentials that it needs: asked at its launch, at its claim, and of
the very rows that go into its inventory."""

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
    """Refused or PermissionDenied, with what keeps the run from using one of its credentials."""
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
    """In one sentence, why the run may no longer use a credential that it needs; "" if it may.

    Read anew: since the launch somebody may have changed servers, credentials or a role.
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
    """The variables of the launch that could lead a connection elsewhere. A playbook may declare
    some, and what it has for their default is its author's word, and no launch's."""
    return [
        name
        for name, value in run.extra_vars.items()
        if name.startswith(variables.RESERVED)
        and value != run.playbook.variables.get(name, {}).get("default")
    ]
