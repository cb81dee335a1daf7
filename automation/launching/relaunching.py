"""What a launch that repeats a run takes over from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.db import models

from automation import variables
from automation.models import Job, Run
from automation.models.options import OPTIONS
from inventory.models import Server
from schema.encryption import Undecryptable
from schema.exceptions import Refused

from .launches import Choice, Launch


class Failing(Protocol):
    """A job, or what stands for several that are alike."""

    @property
    def status(self) -> str: ...
    @property
    def failure_kind(self) -> str: ...


class Only(models.TextChoices):
    """Which servers of a run are taken once more; without it, all that a play was for."""

    FAILED = "failed", "Failed"
    UNREACHABLE = "unreachable", "Unreachable"
    NOT_REACHED = "not_reached", "Not reached"

    def is_of(self, job: Failing) -> bool:
        """Whatever did not work has failed: the other two are kinds of it."""
        if self is Only.FAILED:
            return job.status == Job.Status.FAILED
        return job.failure_kind == self.value


def launch_from(
    run: Run,
    *,
    only: str | None = None,
    servers: Sequence[Server] | Choice = (),
    extra_vars: Any = None,
) -> Launch:
    """The launch that does an ended run once more: on all of its servers but skipped ones, `only`
    "failed", "unreachable" or "not_reached" ones, or those that are named.

    Of the variables some may be given: they replace the old values, and None takes one away.
    Whatever else shall differ is replaced in the answer, in which secrets are in clear. Refused
    when the run has not ended, when no server is left, or when a secret's key is gone.
    """
    if run.state != run.State.FINISHED:
        raise Refused(f"{run} has not finished yet.")
    options = {name: getattr(run, name) for name in OPTIONS}
    return Launch(
        playbook=run.playbook,
        servers=servers or _servers(run, only),
        extra_vars=_values(run, extra_vars or {}),
        credential=run.credential,
        relaunch_of=run,
        **options,
    )


def jobs_to_repeat(jobs: Iterable[Job], only: str | None) -> list[Job]:
    """Those of a run's jobs that a relaunch takes: `only` some, else all that were not skipped."""
    if only:
        return [job for job in jobs if Only(only).is_of(job)]
    return [job for job in jobs if job.status != Job.Status.SKIPPED]


def _servers(run: Run, only: str | None) -> list[Server]:
    jobs = list(run.jobs.select_related("server").order_by("id"))
    taken = jobs_to_repeat(jobs, only)
    if not taken and only:
        raise Refused(f"{run} has no server with the result “{Only(only).label.lower()}”.")
    if not taken and jobs:
        raise Refused(f"All servers of {run} were skipped. {jobs[0].error_message}".strip())
    return [job.server for job in taken]


def _values(run: Run, changed: Any) -> Any:
    if not isinstance(changed, dict):
        return changed  # what is wrong with it is said at the launch
    kept = {name: value for name, value in run.extra_vars.items() if name not in changed}
    try:
        opened = variables.opened(kept)
    except Undecryptable as error:
        raise Refused(f"{error} Enter the secrets again.") from None
    return opened | {name: value for name, value in changed.items() if value is not None}
