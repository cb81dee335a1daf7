"""What a relaunch takes over from the run that it repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import models

from accounts.models import User
from automation import variables
from automation.models import Job, Run
from automation.models.options import OPTIONS
from automation.models.playbooks import not_accepted
from inventory.models import Inventory, Server
from schema.encryption import Undecryptable
from schema.exceptions import Refused

from .launches import Choice, Launch


class Failing(Protocol):
    """A job, or a stand-in for several that ended alike."""

    @property
    def status(self) -> str: ...
    @property
    def failure_kind(self) -> str: ...


class Only(models.TextChoices):
    """Which servers of a run to repeat; by default, all that a play was for."""

    FAILED = "failed", "Failed"
    UNREACHABLE = "unreachable", "Unreachable"
    NOT_REACHED = "not_reached", "Not reached"

    @property
    def columns(self) -> dict[str, str]:
        """{column: value} of its jobs. The other two are kinds of failure, so FAILED has them."""
        if self is Only.FAILED:
            return {"status": Job.Status.FAILED}
        return {"failure_kind": self.value}

    def is_of(self, job: Failing) -> bool:
        """Whether a relaunch on these servers repeats the job."""
        return all(getattr(job, name) == value for name, value in self.columns.items())


def launch_from(
    run: Run,
    *,
    only: str | None = None,
    servers: Sequence[Server] | Choice = (),
    extra_vars: Any = None,
) -> Launch:
    """The launch that repeats an ended run.

    On all of its servers except skipped ones, on `only` the failed, unreachable or not reached
    ones, or on `servers`; a run on a whole inventory is repeated on that, as it is now.
    `extra_vars` replaces the variables that it names; None removes one.
    Change anything else in the result, in which secrets are in plain text. Raises Refused if the
    run has not ended, no server is left, or a secret cannot be decrypted.
    """
    if run.state != run.State.FINISHED:
        raise Refused(f"{run} has not finished yet.")
    options = {name: getattr(run, name) for name in OPTIONS}
    if run.forks == run.usual_forks:
        options["forks"] = None  # none was given: ansible.cfg may say another number by now
    return Launch(
        playbook=run.playbook,
        servers=servers or _servers(run, only),
        extra_vars=_values(run, extra_vars or {}),
        credential=run.credential,
        relaunch_of=run,
        **options,
    )


def relaunch_problem(run: Run, actor: User) -> str:
    """Why this user may not relaunch the run as it was; "" if they may."""
    lost = run.playbook.undeclared_in(run.extra_vars)
    said = [run.playbook.options_problem(run, actor), not_accepted(lost) if lost else ""]
    return " ".join(filter(None, said))


def jobs_to_repeat(run: Run, only: str | None = None) -> models.QuerySet[Job]:
    """The jobs that a relaunch repeats, in order: `only` some, or all that were not skipped."""
    jobs = run.jobs.order_by("id")
    return jobs.filter(**Only(only).columns) if only else jobs.exclude(status=Job.Status.SKIPPED)


def servers_to_repeat(run: Run, only: str | None = None) -> list[Server]:
    """The servers of these jobs."""
    return [job.server for job in jobs_to_repeat(run, only).select_related("server")]


def choice_to_repeat(run: Run) -> Choice | None:
    """For a run on a whole inventory, that, as it is now; None for any other run."""
    if not run.whole_inventory:
        return None
    return Choice(inventory=str(Inventory.objects.filter(servers__jobs__run=run).first()))


def _servers(run: Run, only: str | None) -> list[Server] | Choice:
    """The servers to repeat. Raises Refused if there are none."""
    if not only and (choice := choice_to_repeat(run)):
        return choice
    if taken := servers_to_repeat(run, only):
        return taken
    if only:
        raise Refused(f"{run} has no server with the result “{Only(only).label.lower()}”.")
    if skipped := run.jobs.order_by("id").first():
        raise Refused(f"All servers of {run} were skipped. {skipped.error_message}".strip())
    return []


def _values(run: Run, changed: Any) -> Any:
    if not isinstance(changed, dict):
        return changed  # rejected at the launch, with the reason
    kept = {name: value for name, value in run.extra_vars.items() if name not in changed}
    try:
        opened = variables.opened(kept)
    except Undecryptable as error:
        raise Refused(f"{error} Enter the secrets again.") from None
    return opened | {name: value for name, value in changed.items() if value is not None}
