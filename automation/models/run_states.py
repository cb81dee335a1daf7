"""State and outcome of a run: columns of Run."""

import signal
from datetime import timedelta

from django.db import models
from django.utils import timezone

from schema.fields import EnumField


class RunStates(models.Model):
    """The columns, and properties for pages."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"

    class End(models.TextChoices):
        """The worst end among its jobs; worst first."""

        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        SUCCESS = "success", "Success"
        # All jobs were skipped. A skipped server does not spoil the others' success.
        SKIPPED = "skipped", "Skipped"

    state = EnumField(choices=State.choices, default=State.PENDING, db_default=State.PENDING.value)
    # The worst end among its jobs; empty until the run has ended.
    outcome = EnumField(choices=[("", "None"), *End.choices], default="", db_default="", blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Of ansible-playbook; negative if a signal ended it.
    exit_code = models.IntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_cancelling(self) -> bool:
        return self.state == self.State.RUNNING and self.cancel_requested_at is not None

    @property
    def status(self) -> str:
        """The status in the terms of jobs: "running", "stopping", "failed"."""
        return "stopping" if self.is_cancelling else self.outcome or self.state

    @property
    def duration(self) -> timedelta | None:
        """How long it has run, or ran; None if it never started."""
        return (self.finished_at or timezone.now()) - self.started_at if self.started_at else None

    @property
    def exit_word(self) -> str:
        """The exit code for display: "0", "2", "SIGKILL"; empty if unknown."""
        return exit_word_of(self.exit_code)


def exit_word_of(exit_code: int | None) -> str:
    if exit_code is None:
        return ""
    return str(exit_code) if exit_code >= 0 else signal_name(-exit_code)


def signal_name(number: int) -> str:
    """ "SIGKILL", or "signal 90" if it has no name on this system."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
