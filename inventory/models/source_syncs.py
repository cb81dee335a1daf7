"""Syncs of a source: who asked for one, whether it waits, runs or is over, and what it found.

Columns and verbs of InventorySource. A source has one sync at a time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone
from django_q.tasks import async_task

from accounts.models import User
from inventory.ansible import processes
from schema.exceptions import Refused
from schema.fields import EnumField, JSONShapeField

TASK = "inventory.syncing.tasks.sync_if_asked"
# A sync that takes longer has lost its worker: reading has a deadline of five minutes.
LOST_AFTER = timedelta(minutes=30)
# Then a wake-up is lost, and the next minute sends another.
WAKE_AGAIN_AFTER = timedelta(seconds=50)


class SyncProgress(models.TextChoices):
    IDLE = "idle", "Nothing going on"
    QUEUED = "queued", "Waiting for a worker"
    RUNNING = "running", "Running"


class SyncCause(models.TextChoices):
    BY_HAND = "by_hand", "by hand"
    CHANGED = "changed", "because it changed"
    SCHEDULE = "schedule", "on schedule"


class SourceSyncs(models.Model):
    if TYPE_CHECKING:
        is_active: bool

    progress = EnumField(
        choices=SyncProgress.choices, default=SyncProgress.IDLE, db_default="idle", editable=False
    )
    sync_cause = EnumField(
        choices=SyncCause.choices, default=SyncCause.BY_HAND, db_default="by_hand", editable=False
    )
    # True: only find out what differs.
    is_dry_run = models.BooleanField(default=False, db_default=False, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    # Since when its sync is in this state.
    progress_since = models.DateTimeField(null=True, blank=True, editable=False)
    # The plan that somebody has seen, and no other one may be carried out; "": whatever differs.
    expected_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    # Whoever holds it writes the result.
    sync_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)
    # What the last dry run or sync found: shown as it is, without secrets.
    plan = JSONShapeField(default=dict, db_default={}, blank=True, editable=False)
    # Its files as they were just before they were last read: inventory/syncing/unread.py.
    seen_glance = models.CharField(max_length=64, blank=True, default="", editable=False)

    class Meta:
        abstract = True

    # Verbs

    def ask_sync(
        self,
        actor: User | None,
        *,
        dry_run: bool = False,
        expect: str = "",
        cause: str = SyncCause.BY_HAND,
    ) -> bool:
        """Queue a sync for a worker; with `expect`, only of the plan with that digest.

        False if one is queued or running already. Without an actor, the system asks. Raises
        PermissionDenied, or Refused if the source is inactive.
        """
        if actor is not None and not actor.has_perm("inventory.sync_inventorysource"):
            raise PermissionDenied("Your role does not allow syncing inventories.")
        if not self.is_active:
            raise Refused(f"The source “{self}” is not active.")
        return self._become(
            {"progress": SyncProgress.IDLE},
            progress=SyncProgress.QUEUED,
            sync_cause=cause,
            is_dry_run=dry_run,
            asked_by=actor,
            expected_digest=expect,
            sync_token=None,
        )

    def wake_for_sync(self) -> None:
        """Put a wake-up on the queue. It may be lost: the next minute sends another."""
        async_task(TASK, self.pk)

    def claim_sync(self) -> bool:
        """For the worker: False if another one has it, or nobody has asked."""
        token = processes.new_token()
        wanted = {"progress": SyncProgress.QUEUED}
        return self._become(wanted, progress=SyncProgress.RUNNING, sync_token=token)

    def end_sync(self, **columns: Any) -> bool:
        """Write how it ended. False if it was given up meanwhile."""
        mine = {"progress": SyncProgress.RUNNING, "sync_token": self.sync_token}
        return self._become(mine, progress=SyncProgress.IDLE, sync_token=None, **columns)

    # Questions

    def offers(self, digest: str) -> bool:
        """Whether a sync of exactly this plan can be asked for: nobody has seen a newer one."""
        return bool(digest) and self.plan.get("digest") == digest

    @property
    def is_syncing(self) -> bool:
        return self.progress != SyncProgress.IDLE

    # Private

    def _become(self, wanted: dict[str, Any], **columns: Any) -> bool:
        """One conditional UPDATE; on commit, wakes a worker for what is queued."""
        columns["progress_since"] = timezone.now()
        rows = type(self)._default_manager.filter(pk=self.pk, **wanted)
        if not rows.update(**columns):
            return False
        for name, value in columns.items():
            setattr(self, name, value)
        if self.progress == SyncProgress.QUEUED:
            # Robust: if Redis is down, the next minute wakes a worker.
            transaction.on_commit(self.wake_for_sync, robust=True)
        return True


class SyncQuerySet(models.QuerySet[Any]):
    """Words on the sources that have to do with their syncs."""

    def idle(self) -> Self:
        return self.filter(progress=SyncProgress.IDLE)

    def waiting(self) -> Self:
        """Queued for so long that the wake-up must have been lost, or all workers are busy."""
        since = timezone.now() - WAKE_AGAIN_AFTER
        return self.filter(progress=SyncProgress.QUEUED, progress_since__lt=since)

    def lost(self) -> Self:
        """Running for so long that the worker must be gone."""
        since = timezone.now() - LOST_AFTER
        return self.filter(progress=SyncProgress.RUNNING, progress_since__lt=since)
