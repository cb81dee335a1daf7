"""Check whether a waiting run may still start; much may have changed since its launch.

Each function in CHECKS looks at the rows as they are now and returns a one-sentence reason, or "".
The claim calls them inside its own transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from accounts.models import User
from automation.signals import launch_checked
from inventory.models import Server
from schema.limits import name_some

from .credential_use import credential_problem
from .playbooks import Playbook, not_accepted
from .verdicts import Level, Verdict, Violation, contributed_violations

if TYPE_CHECKING:
    from .runs import Run

MOST_NAMES = 3


def verdict_on_claim(run: Run) -> Verdict:
    """Whether this waiting run may start now, and if not, whether it may later.

    Returns the first failed check of our own, at a query or two each; if all pass, what apps above
    object.
    """
    for check in CHECKS:
        if reason := check(run):
            return Verdict((Violation(check.__name__.strip("_"), Level.HARD, reason),))
    if not launch_checked.has_listeners():
        return Verdict()
    servers = list(Server.objects.filter(jobs__run=run).order_by("pk"))
    violations = tuple(contributed_violations(run, servers, run.launched_by))
    # An actor who has lost the permission overrides nothing any more.
    may = run.launched_by.has_perm("automation.override_check")
    return Verdict(violations, tuple(run.overridden) if may else ())


def _playbook_is_inactive(run: Run) -> str:
    if not Playbook.objects.filter(pk=run.playbook_id, is_active=False).exists():
        return ""
    return f"The playbook “{run.playbook}” was deactivated while the run waited."


def _server_is_inactive(run: Run) -> str:
    """One inactive server is enough: a playbook may rely on all that it was launched on."""
    inactive = Server.objects.filter(jobs__run=run, is_active=False).order_by("hostname")
    names = list(inactive.values_list("hostname", flat=True))
    if not names:
        return ""
    verb = "was" if len(names) == 1 else "were"
    return f"{name_some(names, MOST_NAMES)} {verb} deactivated while the run waited."


def inventory_has_grown(run: Run) -> str:
    """Without a limit, it would also run on servers that nobody was shown."""
    if not run.whole_inventory:
        return ""
    own = Server.objects.filter(jobs__run=run)
    here = Server.objects.active().filter(inventory__in=own.values("inventory"))
    added = here.exclude(pk__in=own.values("pk")).order_by("hostname")
    names = list(added.values_list("hostname", flat=True)[: MOST_NAMES + 1])
    if not names:
        return ""
    said = name_some(names, MOST_NAMES) if len(names) <= MOST_NAMES else f"{names[0]} and others"
    return f"It is for the whole inventory, which has got {said} since the launch. Launch it again."


def _localhost_is_left_out(run: Run) -> str:
    if not run.runs_localhost or Playbook.objects.filter(pk=run.playbook_id, runs_localhost=True):
        return ""
    return f"“{run.playbook}” no longer runs plays for localhost. That was changed while it waited."


def _user_may_not_launch(run: Run) -> str:
    user = User.objects.get(pk=run.launched_by_id)
    if not user.is_active:
        return f"{user}, who launched it, was deactivated while the run waited."
    if not user.has_perm("automation.launch_playbook"):
        return f"{user}, who launched it, lost the right to launch while the run waited."
    return ""


def _option_is_reserved(run: Run) -> str:
    """The rules, or the user's role, may have changed."""
    if not run.options() and run.credential_id is None:
        return ""
    playbook = Playbook.objects.get(pk=run.playbook_id)
    if said := playbook.options_problem(run, User.objects.get(pk=run.launched_by_id)):
        return f"{said} That was changed while the run waited."
    return ""


def _variable_is_undeclared(run: Run) -> str:
    if not run.extra_vars:
        return ""
    playbook = Playbook.objects.get(pk=run.playbook_id)
    names = playbook.undeclared_in(run.extra_vars)
    return f"{not_accepted(names)} That was changed while the run waited." if names else ""


CHECKS: list[Callable[[Run], str]] = [
    _playbook_is_inactive,
    _server_is_inactive,
    inventory_has_grown,
    _localhost_is_left_out,
    _user_may_not_launch,
    _option_is_reserved,
    _variable_is_undeclared,
    credential_problem,
]
