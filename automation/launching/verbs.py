"""Launch, or say what a launch would do: the one way to either."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import IntegrityError

from accounts.models import User
from automation.models import Run
from schema.exceptions import Refused

from .checks import Candidate, refuse_role, verdict_on_launch
from .digests import PlanChanged
from .intentions import Intention
from .launches import Launch, Origin


class Launched(NamedTuple):
    """The run, and whether this launch has made it: a key's second launch finds the first's."""

    run: Run
    is_new: bool


def launch(actor: User, launch: Launch) -> Launched:
    """Queue one run with one pending job a server.

    PermissionDenied for the wrong role, Refused when playbook, server or credential is inactive, a
    credential may not be used so (see credential_use) or the file has changed, PlanChanged when
    another intention was expected, ValidationError ({field: messages}) for bad values. With an
    idempotency key, the run that this actor's key made before is answered, whatever else the launch
    says. What a rule only holds is launched, and waits outside the queue.
    """
    candidate = Candidate(actor, launch)
    refuse_role(candidate)
    if known := _run_of_key(actor, launch):
        return Launched(known, is_new=False)
    intention = _checked(candidate)
    try:
        run = Run.objects.enqueue(intention.run, intention.servers, **_recorded(launch))
    except IntegrityError:
        # The same key at the same moment: the other request has made the run.
        if known := _run_of_key(actor, launch):
            return Launched(known, is_new=False)
        raise
    return Launched(run, is_new=True)


def rehearse(actor: User, launch: Launch) -> Intention:
    """What the same launch would do, refused as it would be; nothing is launched. What it expects
    is compared as well."""
    return _checked(Candidate(actor, launch))


def _run_of_key(actor: User, launch: Launch) -> Run | None:
    """The run that this actor's key made before; Refused if it was for another playbook."""
    key = launch.idempotency_key
    run = Run.objects.filter(launched_by=actor, idempotency_key=key).first() if key else None
    if run is not None and run.playbook_id != launch.playbook.pk:
        raise Refused(f"The key “{key}” was already used to launch another playbook.")
    return run


def _checked(candidate: Candidate) -> Intention:
    verdict = verdict_on_launch(candidate)
    verdict.raise_refusal()
    run = candidate.run
    run.overridden = list(verdict.overridden)
    run.take_holds(verdict)
    intention = Intention(run, candidate.servers, verdict)
    if candidate.launch.expect and candidate.launch.expect != intention.digest:
        raise PlanChanged(intention)
    return intention


def _recorded(launch: Launch) -> dict[str, Any]:
    """What the run's own columns do not say, for its audit line."""
    origin = launch.origin
    said: dict[str, Any] = {}
    if launch.reason:
        said["reason"] = launch.reason
    if origin.kind != Origin.Kind.PERSON:
        said["origin"] = {"kind": origin.kind.value, "id": origin.id}
    return said
