"""Who holds a run, and what only its holder may do: columns and verbs of Run."""

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
    """Somebody else has ended the run: whoever ran it may write nothing more about it."""


class RunClaims(RunStates):
    # Whoever holds the token may write about the run, its end included; it also marks the run's
    # processes.
    claim_token = models.CharField(max_length=36, null=True, blank=True, unique=True)
    worker_host = models.CharField(max_length=255, blank=True, default="")
    worker_pid = models.IntegerField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    # The beat that the reaper saw last, and when it first saw that one or last wrote to this row
    # to prove that the worker could.
    watched_beat_at = models.DateTimeField(null=True, blank=True)
    watched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    # For the worker that holds it

    def beat(self, **columns: Any) -> bool:
        """Say that it lives, and what has become known meanwhile. False when the claim is lost:
        somebody else has ended the run."""
        return self.note(heartbeat_at=timezone.now(), **columns)

    def note(self, **columns: Any) -> bool:
        """Write what became known about the run, in one statement; False when the claim is lost."""
        for name, value in columns.items():
            setattr(self, name, value)
        return bool(self._mine().update(**columns))

    @contextmanager
    def held(self) -> Iterator[None]:
        """One transaction in which nobody else can end the run; ClaimLost when somebody has.

        The row is locked until the transaction is over (on SQLite the whole file is), so that what
        is written in it comes before an end or not at all. One statement more.
        """
        with transaction.atomic():
            if not self._mine().select_for_update().exists():
                raise ClaimLost(f"{self} was ended by somebody else.")
            yield

    # For the reaper

    def is_silent(self) -> bool:
        """One look of a reaper: whether it still stands at the beat that was seen at least
        RUN_LOST_AFTER_SECONDS ago. The first look only remembers."""
        now = timezone.now()
        if self.watched_beat_at != self.heartbeat_at or self.watched_at is None:
            self._mine().update(watched_beat_at=self.heartbeat_at, watched_at=now)
            return False
        return now - self.watched_at >= timedelta(seconds=settings.RUN_LOST_AFTER_SECONDS)

    def stays_silent(self) -> bool:
        """Write to the very row that its worker would beat on, so that a database that takes no
        writes raises here too. False when it has beaten, or ended, since this row was read."""
        as_seen = self._mine().filter(heartbeat_at=self.heartbeat_at)
        return bool(as_seen.update(watched_at=timezone.now()))

    # Private

    def _mine(self) -> models.QuerySet[Self]:
        """This run as long as this process holds it."""
        return type(self)._default_manager.filter(
            pk=self.pk, state=self.State.RUNNING, claim_token=self.claim_token
        )
