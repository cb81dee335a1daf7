"""Checks before a launch becomes a run: our own rules, then those of the apps above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import User
from automation import variables
from automation.content.task_names import read_task_names
from automation.models import Level, Run, Verdict, Violation
from automation.models.credential_use import refuse_misuse
from automation.models.verdicts import contributed_violations
from inventory.host_variables import refuse_undecryptable
from inventory.models import Inventory, Server, share_inventories
from inventory.syncing.unread import unread_sources
from schema.encryption import Undecryptable
from schema.exceptions import Refused

from .launches import LONGEST_LAUNCH_REASON, Choice, Launch, SeveralInventories

# Servers whose secrets a launch decrypts to see whether a key is missing.
MOST_DECRYPTED = 500
# The rule that an inventory's source was read as it is now; only advice.
UNREAD = "unread_inventory"


@dataclass(frozen=True)
class Candidate:
    """A launch to be checked, with values derived from it only once."""

    actor: User
    launch: Launch

    @cached_property
    def servers(self) -> list[Server]:
        """The servers of the launch. Raises ValidationError if a choice matches none."""
        servers = self.launch.each_server()
        share_inventories(servers)
        return servers

    @cached_property
    def run(self) -> Run:
        """The unsaved run, with validated columns. Raises ValidationError."""
        run = unsaved_run(self.launch)
        run.launched_by = self.actor
        run.clean_fields(exclude=["extra_vars"])
        return run


def unsaved_run(launch: Launch) -> Run:
    """The run that a launch would save, without a user. Raises ValidationError for bad variables.

    What was secret in the run that it relaunches stays secret.
    """
    schema = launch.playbook.schema()
    values = launch.playbook.cleaned_values(launch.extra_vars)
    start = launch.playbook.start
    secrets = launch.relaunch_of.secret_names() if launch.relaunch_of else set()
    run = Run(
        playbook=launch.playbook,
        working_directory=start.folder,
        ansible_config=start.as_json(),
        playbook_hash=launch.playbook.file_hash,
        extra_vars=variables.sealed(schema, values, secrets),
        credential=launch.credential,
        chosen_by=launch.servers.given if isinstance(launch.servers, Choice) else {},
        relaunch_of=launch.relaunch_of,
        whole_inventory=launch.whole_inventory is not None,
        runs_localhost=launch.playbook.runs_localhost,
        idempotency_key=launch.idempotency_key or None,
        **{"deadline_seconds": settings.RUN_DEADLINE_SECONDS, **launch.given_options()},
    )
    if launch.forks is None:
        run.forks = run.usual_forks
    return run


def verdict_on_launch(candidate: Candidate) -> Verdict:
    """The first of our own rules that it breaks, or all violations that the apps above report.

    Each rule may rely on those before it.
    """
    for name, rule in RULES.items():
        try:
            rule(candidate)
        except (PermissionDenied, Refused, ValidationError) as error:
            return Verdict((Violation(name, Level.HARD, _said(error), error=error),))
    violations = (
        *_unread_inventories(candidate),
        *contributed_violations(candidate.run, candidate.servers, candidate.actor),
    )
    return Verdict(violations, _overridden(candidate, violations))


def _unread_inventories(candidate: Candidate) -> list[Violation]:
    """Sources that have changed since they were last synced: the run would not see that."""
    found = unread_sources({server.inventory_id for server in candidate.servers})
    return [Violation(UNREAD, Level.ADVISORY, words) for _source, words in found]


def _said(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _overridden(candidate: Candidate, violations: tuple[Violation, ...]) -> tuple[str, ...]:
    may = candidate.launch.reason.strip() and candidate.actor.has_perm("automation.override_check")
    soft = {each.rule for each in violations if each.level == Level.OVERRIDABLE}
    return tuple(sorted(soft)) if may else ()


# --- The rules ------------------------------------------------------------------------------------


def refuse_role(candidate: Candidate) -> None:
    """Raise PermissionDenied if the actor may not launch, or may not choose a credential."""
    if not candidate.actor.has_perm("automation.launch_playbook"):
        raise PermissionDenied("Your role does not allow launching playbooks.")
    named = candidate.launch.credential
    if named is not None and not candidate.actor.has_perm("inventory.use_credential"):
        raise PermissionDenied("Your role does not allow choosing credentials.")


def _refuse_no_server(candidate: Candidate) -> None:
    if not candidate.servers:
        raise ValidationError({"server_id": ["Choose at least one server."]})


def _refuse_several_inventories(candidate: Candidate) -> None:
    """A run has one inventory, with whatever that sets for all of its hosts."""
    parts: dict[Inventory, list[Server]] = {}
    for server in candidate.servers:
        parts.setdefault(server.inventory, []).append(server)
    if len(parts) > 1:
        raise SeveralInventories(candidate.launch.servers, parts)


def _refuse_inactive(candidate: Candidate) -> None:
    playbook = candidate.launch.playbook
    if not playbook.is_active:
        raise Refused(f"The playbook “{playbook}” is not active.")
    inactive = [str(server) for server in candidate.servers if not server.is_active]
    if inactive:
        raise Refused(f"Inactive: {', '.join(inactive)}.")


def _refuse_changed_file(candidate: Candidate) -> None:
    playbook = candidate.launch.playbook
    file_state = playbook.file_state
    if file_state == "missing":
        raise Refused(f"The file {playbook.file_path} of “{playbook}” no longer exists.")
    if file_state == "changed":
        raise Refused(
            f"The file {playbook.file_path} has changed since “{playbook}” was registered. "
            "An admin has to accept the change first."
        )


def _refuse_lost_folder(candidate: Candidate) -> None:
    playbook = candidate.launch.playbook
    if not playbook.has_working_directory:
        folder = playbook.working_directory
        raise Refused(f"The working directory “{folder}” of “{playbook}” no longer exists.")


def _refuse_bad_values(candidate: Candidate) -> None:
    _ = candidate.run


def _refuse_reserved_options(candidate: Candidate) -> None:
    candidate.launch.playbook.refuse_options(candidate.run, candidate.actor)


def _refuse_unknown_task(candidate: Candidate) -> None:
    """Ansible itself would skip every task and report success."""
    playbook, name = candidate.launch.playbook, candidate.run.start_at_task
    if not name:
        return
    names = read_task_names(playbook.file_path)
    if names.may_have(name):
        return
    similar = names.close_to(name)
    said = f"“{playbook}” has no task “{name}”."
    said += f" Did you mean “{similar}”?" if similar else ""
    raise ValidationError({"start_at_task": [said]})


def _refuse_bad_reason(candidate: Candidate) -> None:
    """The reason is stored permanently. Form and API check it too, the other ways in do not."""
    reason = candidate.launch.reason
    if len(reason) > LONGEST_LAUNCH_REASON:
        raise ValidationError({"reason": [f"At most {LONGEST_LAUNCH_REASON} characters."]})
    if any("\ud800" <= character <= "\udfff" for character in reason):
        raise ValidationError({"reason": ["Lone surrogates cannot be stored."]})


def _refuse_credentials(candidate: Candidate) -> None:
    refuse_misuse(candidate.run, candidate.servers, candidate.actor)


def _refuse_lost_secrets(candidate: Candidate) -> None:
    """The run decrypts those of all its servers; so many here, as a preview must be quick."""
    try:
        refuse_undecryptable(candidate.servers[:MOST_DECRYPTED])
        refuse_undecryptable(candidate.servers[0].inventory.graph.groups.values())
    except Undecryptable as error:
        raise Refused(f"{error} Put the key back, or enter the secret again.") from None


RULES: dict[str, Callable[[Candidate], None]] = {
    "role": refuse_role,
    "servers": _refuse_no_server,
    "inventory": _refuse_several_inventories,
    "active": _refuse_inactive,
    "file": _refuse_changed_file,
    "working_directory": _refuse_lost_folder,
    "values": _refuse_bad_values,
    "options": _refuse_reserved_options,
    "start_at_task": _refuse_unknown_task,
    "reason": _refuse_bad_reason,
    "credentials": _refuse_credentials,
    "secrets": _refuse_lost_secrets,
}
