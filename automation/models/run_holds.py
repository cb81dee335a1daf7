"""Held runs, which wait for a time instead of their turn: columns and verbs of Run."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone
from django.utils.text import Truncator

from accounts.models import User
from audit.models import AuditLog

from .run_states import RunStates
from .verdicts import Verdict

LONGEST_HELD = 500
# The least time until a held run is checked again, whatever a rule says.
SHORTEST_HOLD = timedelta(minutes=1)


class RunHolds(RunStates):
    """Columns and verbs of Run for holds and overridden rules."""

    # Until then the run is not in the queue and keeps no server from other runs.
    held_until = models.DateTimeField(null=True, blank=True)
    held_reason = models.CharField(max_length=LONGEST_HELD, blank=True, default="", db_default="")
    # Rules that an admin has overridden at the launch.
    overridden = models.JSONField(default=list, db_default=[], blank=True)

    class Meta:
        abstract = True

    @property
    def is_held(self) -> bool:
        return self.state == self.State.PENDING and self.held_until is not None

    @property
    def held_words(self) -> str:
        """ "Held until 22:00: …", in local time; with the date if that is not today."""
        if not self.is_held or self.held_until is None:
            return ""
        end = timezone.localtime(self.held_until)
        is_today = end.date() == timezone.localdate()
        return f"Held until {end:{'%H:%M' if is_today else '%Y-%m-%d %H:%M'}}: {self.held_reason}"

    def take_holds(self, verdict: Verdict) -> None:
        """Set the columns, without saving. The latest end counts."""
        ends = [each.waits_until for each in verdict.holds if each.waits_until is not None]
        if ends:
            self.held_until = max(max(ends), timezone.now() + SHORTEST_HOLD)
            reasons = " ".join(each.message for each in verdict.holds)
            self.held_reason = Truncator(reasons).chars(LONGEST_HELD)

    @transaction.atomic
    def release(self, at: datetime) -> bool:
        """Return the run to its place in the queue. False if somebody else was first."""
        due = type(self)._default_manager.filter(
            pk=self.pk, state=self.State.PENDING, held_until__lte=at
        )
        if not due.update(held_until=None, held_reason=""):
            return False
        system = User.objects.system()
        AuditLog.objects.record("run.released", self, actor=system, held_reason=self.held_reason)
        self.held_until, self.held_reason = None, ""
        return True
