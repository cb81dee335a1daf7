"""Launch, or rehearse a launch: the only way to do either."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import User
from automation import variables
from automation.models import Run
from automation.models.options import OPTIONS
from schema.exceptions import Refused

from .checks import Candidate, refuse_role, unsaved_run, verdict_on_launch
from .digests import PlanChanged, contents_of, digest_contents
from .intentions import Intention
from .launches import Launch, Origin

SAME = ("playbook_id", "credential_id", "relaunch_of_id", "whole_inventory", *OPTIONS)


class Launched(NamedTuple):
    """The run, and whether this launch created it; with a known key it did not."""

    run: Run
    is_new: bool


def launch(actor: User, launch: Launch) -> Launched:
    """Queue one run with one pending job per server.

    Raises PermissionDenied for the wrong role; Refused if playbook, server or credential is
    inactive, a credential may not be used like this (see credential_use), or the file has changed;
    PlanChanged if another intention was expected; ValidationError ({field: messages}) for invalid
    values. With an idempotency key that this actor has used, returns that run, whatever else the
    launch says. A launch that a rule only holds is accepted, and waits outside the queue.
    """
    candidate = Candidate(actor, launch)
    refuse_role(candidate)
    if known := _run_of_key(actor, launch):
        return Launched(known, is_new=False)
    intention = _checked(candidate)
    try:
        run = Run.objects.enqueue(intention.run, intention.servers, **_recorded(launch))
    except IntegrityError:
        # The same key at the same moment: the other request has created the run.
        if known := _run_of_key(actor, launch):
            return Launched(known, is_new=False)
        raise
    return Launched(run, is_new=True)


def rehearse(actor: User, launch: Launch) -> Intention:
    """What the same launch would do. Raises as it would, PlanChanged included; launches nothing."""
    return _checked(Candidate(actor, launch))


def digest_of_launch(launch: Launch) -> str:
    """The digest to `expect` for this launch, unchecked; "" if its variables are invalid.

    If the rows of the launch are loaded, up to three queries for the inventory and its groups, and
    one if its servers have credentials of their own.
    """
    try:
        return digest_contents(contents_of(unsaved_run(launch), launch.each_server()))
    except ValidationError:
        return ""


def was_made_by(run: Run, launch: Launch) -> bool:
    """Whether the run is what this launch would create, options that it leaves out included.

    To tell a launch that was repeated from another one with the same key.
    """
    try:
        asked = unsaved_run(launch)
        is_same = _is_same_choice(run, asked) or _has_same_servers(run, launch)
    except ValidationError:
        return False
    return (
        is_same
        and variables.opened(run.extra_vars) == variables.opened(asked.extra_vars)
        and all(getattr(run, name) == getattr(asked, name) for name in SAME)
    )


def _is_same_choice(run: Run, asked: Run) -> bool:
    """Whoever is in a group by now: a client that repeats a request asks for the same launch."""
    chosen = [json.dumps(each.chosen_by, sort_keys=True) for each in (run, asked)]
    return bool(run.chosen_by) and chosen[0] == chosen[1]


def _has_same_servers(run: Run, launch: Launch) -> bool:
    asked = {server.pk for server in launch.each_server()}
    return set(run.jobs.values_list("server_id", flat=True)) == asked


def _run_of_key(actor: User, launch: Launch) -> Run | None:
    """The run that this actor's key created; Refused if that was for another playbook."""
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
    intention = Intention(run, candidate.servers, verdict, contents_of(run, candidate.servers))
    if candidate.launch.expect and candidate.launch.expect != intention.digest:
        raise PlanChanged(intention)
    return intention


def _recorded(launch: Launch) -> dict[str, Any]:
    """What the audit line says beyond the run's own columns."""
    origin = launch.origin
    said: dict[str, Any] = {}
    if launch.reason:
        said["reason"] = launch.reason
    if origin.kind != Origin.Kind.PERSON:
        said["origin"] = {"kind": origin.kind.value, "id": origin.id}
    return said
