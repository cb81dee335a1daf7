"""Claims: who holds a run, and what only its holder may do. Columns and verbs of Run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from .run_states import RunStates


class ClaimLost(Exception):
    """The run was ended elsewhere: its former holder may write nothing more about it."""


class RunClaims(RunStates):
    # The holder of this token may write about the run, and end it; it also marks the run's
    # processes.
    claim_token = models.CharField(max_length=36, null=True, blank=True, unique=True)
    worker_host = models.CharField(max_length=255, blank=True, default="")
    worker_pid = models.IntegerField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    # The heartbeat that the reaper saw last, and when it either first saw that one or last wrote to
    # this row, to prove that the worker could have done so.
    watched_beat_at = models.DateTimeField(null=True, blank=True)
    watched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    # For the worker that holds it

    def beat(self, **columns: Any) -> bool:
        """Send a heartbeat, with further columns.

        False if the claim is lost: the run was ended elsewhere.
        """
        return self.note(heartbeat_at=timezone.now(), **columns)

    def note(self, **columns: Any) -> bool:
        """Write what became known about the run, in one statement. False if the claim is lost."""
        for name, value in columns.items():
            setattr(self, name, value)
        return bool(self._mine().update(**columns))

    @contextmanager
    def held(self) -> Iterator[None]:
        """A transaction during which nobody else can end the run. Raises ClaimLost if it has ended.

        Locks the row until the end of the transaction (on SQLite, the whole file), so that what is
        written comes before the run's end or not at all. Costs one statement.
        """
        with transaction.atomic():
            if not self._mine().select_for_update().exists():
                raise ClaimLost(f"{self} was ended elsewhere.")
            yield

    # For the reaper

    def is_silent(self) -> bool:
        """For a reaper's first look: True if no heartbeat has come for RUN_LOST_AFTER_SECONDS.

        When it sees a new heartbeat, it only remembers that one and the time.
        """
        now = timezone.now()
        if self.watched_beat_at != self.heartbeat_at or self.watched_at is None:
            self._mine().update(watched_beat_at=self.heartbeat_at, watched_at=now)
            return False
        return now - self.watched_at >= timedelta(seconds=settings.RUN_LOST_AFTER_SECONDS)

    def stays_silent(self) -> bool:
        """Write to the row of the heartbeat; raises if the database refuses writes.

        False if there was a heartbeat, or the run ended, since this row was read.
        """
        as_seen = self._mine().filter(heartbeat_at=self.heartbeat_at)
        return bool(as_seen.update(watched_at=timezone.now()))

    # Private

    def _mine(self) -> models.QuerySet[Self]:
        """This run, while this process holds it."""
        return type(self)._default_manager.filter(
            pk=self.pk, state=self.State.RUNNING, claim_token=self.claim_token
        )
