"""What keeps a launch, or a run that has waited, from starting.

Our own rules come first (launching/checks.py at the launch, claim_checks.py at the claim); apps
above answer `signals.launch_checked` with rules of theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from automation.signals import launch_checked
from inventory.models import Server
from schema.exceptions import Refused
from schema.retrying import is_transient

if TYPE_CHECKING:
    from .runs import Run

logger = logging.getLogger(__name__)

# What a launch may be refused with.
ERRORS = PermissionDenied | Refused | ValidationError
# Asked about again no later than that, whatever a rule says: the last of all dates is in no
# calendar of another time zone.
LONGEST_HOLD = timedelta(days=365)
MAY_BE_OVERRIDDEN = "An admin may launch it all the same by giving a reason."


class Level(StrEnum):
    """An advisory violation is only shown. One that is overridable blocks, unless an admin launches
    with a reason."""

    ADVISORY = "advisory"
    OVERRIDABLE = "overridable"
    HARD = "hard"


@dataclass(frozen=True)
class Violation:
    """`message` is a sentence. With `waits_until`, it does not refuse: the run is held until then,
    and asked about anew. `error`: what is raised where that is not Refused."""

    rule: str
    level: Level
    message: str
    waits_until: datetime | None = None
    error: Exception | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Verdict:
    """`overridden`: the rules that an admin has set aside for this run."""

    violations: tuple[Violation, ...] = ()
    overridden: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.refusals and not self.holds

    @property
    def refusals(self) -> list[Violation]:
        return [each for each in self._blocking() if each.waits_until is None]

    @property
    def holds(self) -> list[Violation]:
        return [each for each in self._blocking() if each.waits_until is not None]

    @property
    def advice(self) -> list[str]:
        """Sentences that are shown, and keep it from nothing."""
        blocking = self._blocking()
        return [each.message for each in self.violations if each not in blocking]

    @property
    def refusal(self) -> str:
        return " ".join(each.message for each in self.refusals)

    def raise_refusal(self) -> None:
        """PermissionDenied, ValidationError or Refused, if it is refused."""
        for each in self.refusals:
            if each.error is not None:
                raise each.error
        if refusals := self.refusals:
            only_soft = all(each.level == Level.OVERRIDABLE for each in refusals)
            raise Refused(f"{self.refusal} {MAY_BE_OVERRIDDEN}" if only_soft else self.refusal)

    def _blocking(self) -> list[Violation]:
        return [
            each
            for each in self.violations
            if each.level == Level.HARD
            or (each.level == Level.OVERRIDABLE and each.rule not in self.overridden)
        ]


def contributed_violations(run: Run, servers: Collection[Server], actor: User) -> list[Violation]:
    """What the apps above have against it. `run` is not saved when it is launched."""
    asked = {"signal": launch_checked, "run": run, "servers": servers, "actor": actor}
    # Django's `send_robust` has no savepoints.
    receivers, _ = launch_checked._live_receivers(type(run))
    return [each for receiver in receivers for each in _violations(receiver, asked)]


def _violations(receiver: Any, asked: dict[str, Any]) -> list[Violation]:
    """A rule that cannot be asked, or whose answer means nothing, is one that says no."""
    # In a claim's transaction, a query of a rule that fails must spoil nothing but its own.
    own = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with own:
            answer = receiver(sender=type(asked["run"]), **asked)
            return [_meant(each) for each in answer or ()]
    except Exception as error:
        if is_transient(error) or connection.needs_rollback:
            raise  # the whole launch, or claim, is tried again
        app = _app_of(receiver)
        logger.exception("A rule of %s could not be asked", app)
        message = f"A rule of “{app}” could not be asked. The log of the console says why."
        return [Violation(app, Level.HARD, message)]


def _meant(answer: Any) -> Violation:
    """With an end that can be stored and shown; TypeError or ValueError for what is no violation,
    and would else be found out by whoever reads it."""
    if not isinstance(answer, Violation):
        raise TypeError(f"A rule answers violations, not {answer!r}.")
    for text in (answer.rule, answer.message):
        text.encode()  # of what is stored: half of a character ("\ud800") cannot be
    if not isinstance(answer.error, ERRORS | None):
        raise TypeError(f"A launch is refused with one of {ERRORS}, not {answer.error!r}.")
    level, end = Level(answer.level), answer.waits_until
    if end is None:
        return replace(answer, level=level)
    if timezone.is_naive(end):
        raise ValueError(f"When a hold ends has a time zone: {end!r}.")
    return replace(answer, level=level, waits_until=min(end, timezone.now() + LONGEST_HOLD))


def _app_of(receiver: Any) -> str:
    module = getattr(receiver, "__module__", type(receiver).__module__)
    config = apps.get_containing_app_config(module)
    return config.label if config else module.partition(".")[0]
