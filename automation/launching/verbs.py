"""Launch, or say what a launch would do: the one way to either."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError

from accounts.models import User
from automation import variables
from automation.models import Playbook, Run
from automation.models.credential_use import refuse_misuse
from inventory.models import Credential, Server
from schema.exceptions import Refused

from .intentions import Intention
from .launches import Launch, Origin


class Launched(NamedTuple):
    """The run, and whether this launch has made it: a key's second launch finds the first's."""

    run: Run
    is_new: bool


def launch(actor: User, launch: Launch) -> Launched:
    """Queue one run with one pending job a server.

    PermissionDenied for the wrong role, Refused when playbook, server or credential is inactive, a
    credential may not be used so (see credential_use), the file has changed or another intention
    was expected, ValidationError ({field: messages}) for bad values. With an idempotency key, the
    run that this actor's key made before is answered, whatever else the launch says.
    """
    _refuse_unless_allowed(actor, launch.credential)
    if known := _run_of_key(actor, launch):
        return Launched(known, is_new=False)
    intention = _checked(actor, launch)
    if launch.expect and launch.expect != intention.digest:
        raise Refused("It would not do any more what was shown. Look at it again.")
    try:
        run = Run.objects.enqueue(intention.run, intention.servers, **_recorded(launch))
    except IntegrityError:
        # The same key at the same moment: the other request has made the run.
        if known := _run_of_key(actor, launch):
            return Launched(known, is_new=False)
        raise
    return Launched(run, is_new=True)


def rehearse(actor: User, launch: Launch) -> Intention:
    """What the same launch would do, refused as it would be; nothing is launched."""
    _refuse_unless_allowed(actor, launch.credential)
    return _checked(actor, launch)


def _refuse_unless_allowed(actor: User, credential: Credential | None) -> None:
    if not actor.has_perm("automation.launch_playbook"):
        raise PermissionDenied("Your role does not launch playbooks.")
    if credential is not None and not actor.has_perm("inventory.use_credential"):
        raise PermissionDenied("Your role does not choose credentials.")


def _run_of_key(actor: User, launch: Launch) -> Run | None:
    """The run that this actor's key made before; Refused if it was for another playbook."""
    key = launch.idempotency_key
    run = Run.objects.filter(launched_by=actor, idempotency_key=key).first() if key else None
    if run is not None and run.playbook_id != launch.playbook.pk:
        raise Refused(f"The key “{key}” was used to launch another playbook.")
    return run


def _checked(actor: User, launch: Launch) -> Intention:
    servers = launch.each_server()
    _refuse_unless_ready(launch.playbook, servers)
    run = _run_of(actor, launch)
    refuse_misuse(run, servers, actor)
    return Intention(run, servers)


def _refuse_unless_ready(playbook: Playbook, servers: list[Server]) -> None:
    if not servers:
        raise ValidationError({"server_id": ["Choose at least one server."]})
    if not playbook.is_active:
        raise Refused(f"The playbook “{playbook}” is not active.")
    if inactive := ", ".join(str(server) for server in servers if not server.is_active):
        raise Refused(f"Not active: {inactive}.")
    file_state = playbook.file_state
    if file_state == "missing":
        raise Refused(f"The file {playbook.file_path} of “{playbook}” is not there any more.")
    if file_state == "changed":
        raise Refused(
            f"The file {playbook.file_path} has changed since “{playbook}” was registered. "
            "An admin has to accept it first."
        )


def _run_of(actor: User, launch: Launch) -> Run:
    """Its columns checked, and not saved. What was secret in a run that it repeats stays secret."""
    schema = launch.playbook.schema()
    values = variables.cleaned(schema, launch.extra_vars)
    secrets = launch.relaunch_of.secret_names() if launch.relaunch_of else set()
    run = Run(
        playbook=launch.playbook,
        playbook_hash=launch.playbook.file_hash,
        launched_by=actor,
        extra_vars=variables.sealed(schema, values, secrets),
        credential=launch.credential,
        relaunch_of=launch.relaunch_of,
        idempotency_key=launch.idempotency_key or None,
        **{"deadline_seconds": settings.RUN_DEADLINE_SECONDS, **launch.given_options()},
    )
    run.clean_fields(exclude=["extra_vars"])
    return run


def _recorded(launch: Launch) -> dict[str, Any]:
    """What the run's own columns do not say, for its audit line."""
    origin = launch.origin
    said: dict[str, Any] = {}
    if launch.reason:
        said["reason"] = launch.reason
    if origin.kind != Origin.Kind.PERSON:
        said["origin"] = {"kind": origin.kind.value, "id": origin.id}
    return said
