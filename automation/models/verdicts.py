"""Verdicts: what prevents a launch, or a waiting run, from starting.

Our own rules come first (launching/checks.py at the launch, claim_checks.py at the claim); apps
above add theirs by answering `signals.launch_checked`.
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

# Exceptions with which a launch may be refused.
ERRORS = PermissionDenied | Refused | ValidationError
# The longest a run is held before rules are asked again; also keeps datetime.max out of time zone
# conversions.
LONGEST_HOLD = timedelta(days=365)
MAY_BE_OVERRIDDEN = "An admin can override this by giving a reason."


class Level(StrEnum):
    """Advisory violations are only shown. An admin with a reason passes overridable ones."""

    ADVISORY = "advisory"
    OVERRIDABLE = "overridable"
    HARD = "hard"


@dataclass(frozen=True)
class Violation:
    """A broken rule; `message` is a sentence.

    With `waits_until`, the run is held until then and checked again, instead of refused. `error` is
    raised instead of Refused, if given.
    """

    rule: str
    level: Level
    message: str
    waits_until: datetime | None = None
    error: Exception | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Verdict:
    """The result of all rules; `overridden` are those that an admin has set aside for this run."""

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
        """Sentences that are shown without blocking."""
        blocking = self._blocking()
        return [each.message for each in self.violations if each not in blocking]

    @property
    def refusal(self) -> str:
        return " ".join(each.message for each in self.refusals)

    def raise_refusal(self) -> None:
        """Raise PermissionDenied, ValidationError or Refused if there are refusals."""
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
    """Violations reported by apps above. At a launch, `run` is not saved yet."""
    asked = {"signal": launch_checked, "run": run, "servers": servers, "actor": actor}
    # Django's `send_robust` has no savepoints.
    receivers, _ = launch_checked._live_receivers(type(run))
    return [each for receiver in receivers for each in _violations(receiver, asked)]


def _violations(receiver: Any, asked: dict[str, Any]) -> list[Violation]:
    """The violations of one rule. A rule that fails or answers nonsense counts as a refusal."""
    # A failed query of a rule must not break the transaction of a claim.
    own = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with own:
            answer = receiver(sender=type(asked["run"]), **asked)
            return [_meant(each) for each in answer or ()]
    except Exception as error:
        if is_transient(error) or connection.needs_rollback:
            raise  # the whole launch or claim is tried again
        app = _app_of(receiver)
        logger.exception("A check of %s failed", app)
        message = (
            f"A check of “{app}” failed with an error. The log of the console or worker has the "
            "details."
        )
        return [Violation(app, Level.HARD, message)]


def _meant(answer: Any) -> Violation:
    """The violation with its end capped, so that it can be stored and shown.

    Raises TypeError or ValueError for anything malformed, which would otherwise break its readers.
    """
    if not isinstance(answer, Violation):
        raise TypeError(f"A check must return violations, not {answer!r}.")
    for text in (answer.rule, answer.message):
        text.encode()  # raises for lone surrogates ("\ud800"), which cannot be stored
    if not isinstance(answer.error, ERRORS | None):
        raise TypeError(f"The error of a violation must be one of {ERRORS}, not {answer.error!r}.")
    level, end = Level(answer.level), answer.waits_until
    if end is None:
        return replace(answer, level=level)
    if timezone.is_naive(end):
        raise ValueError(f"The end of a hold needs a time zone: {end!r}.")
    return replace(answer, level=level, waits_until=min(end, timezone.now() + LONGEST_HOLD))


def _app_of(receiver: Any) -> str:
    module = getattr(receiver, "__module__", type(receiver).__module__)
    config = apps.get_containing_app_config(module)
    return config.label if config else module.partition(".")[0]
