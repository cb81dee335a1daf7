"""How a run stands, and how it ended: columns of Run."""

import signal
from datetime import timedelta

from django.db import models
from django.utils import timezone

from schema.fields import EnumField


class RunStates(models.Model):
    """The columns, and what the pages ask about them."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"

    class End(models.TextChoices):
        """What happened to its jobs, the worst first."""

        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        SUCCESS = "success", "Success"
        # Of all of them; a server that was passed over does not spoil the others' success.
        SKIPPED = "skipped", "Skipped"

    state = EnumField(choices=State.choices, default=State.PENDING, db_default=State.PENDING.value)
    # The worst of its jobs' ends; empty until it has ended.
    outcome = EnumField(choices=[("", "None"), *End.choices], default="", db_default="", blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # ansible-playbook's; negative: the number of the signal that ended it.
    exit_code = models.IntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_cancelling(self) -> bool:
        return self.state == self.State.RUNNING and self.cancel_requested_at is not None

    @property
    def status(self) -> str:
        """In the words that jobs have too: "running", "stopping", "failed"."""
        return "stopping" if self.is_cancelling else self.outcome or self.state

    @property
    def duration(self) -> timedelta | None:
        """How long it has run, or ran; None if it never started."""
        return (self.finished_at or timezone.now()) - self.started_at if self.started_at else None

    @property
    def exit_word(self) -> str:
        """The exit code as one reads it: "0", "2", "SIGKILL"; empty where it is not known."""
        return exit_word_of(self.exit_code)


def exit_word_of(exit_code: int | None) -> str:
    if exit_code is None:
        return ""
    return str(exit_code) if exit_code >= 0 else signal_name(-exit_code)


def signal_name(number: int) -> str:
    """ "SIGKILL", or "signal 90" where it has no name here."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
