"""runs: one ansible-playbook process each.

The table is the queue: see run_queue.py. A django-q2 task is only a wake-up: the worker that gets
it claims the oldest run that can start, by one conditional UPDATE. A wake-up that comes twice, or
never, does no harm.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django_q.tasks import async_task

from accounts.models import User
from audit.models import AuditLog
from automation import variables
from inventory.ansible import processes
from inventory.models import Credential
from schema.fields import CreatedAtField
from schema.retrying import insisting, is_transient
from schema.sealing import is_sealed

from .claim_checks import verdict_on_claim
from .jobs import Job, Outcome
from .playbooks import Playbook
from .run_claims import RunClaims
from .run_ends import end_jobs
from .run_holds import RunHolds
from .run_place import RunPlace
from .run_queue import RunQuerySet
from .run_scope import MOST_OTHER_HOSTS, RunScope
from .server_locks import ServerLock
from .verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_REASON = 200
WHY_UNMASKED = "their values are too short or too common to mask without garbling the log."


class Run(RunPlace, RunScope, RunHolds, RunClaims):
    playbook = models.ForeignKey(Playbook, models.RESTRICT, related_name="runs")
    # No index of its own: the unique constraint starts with this column.
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.RESTRICT, related_name="runs", db_index=False
    )
    playbook_hash = models.CharField(max_length=64)
    extra_vars = models.JSONField(default=dict, db_default={}, blank=True)
    # Overrides the servers' own credentials.
    credential = models.ForeignKey(
        Credential, models.RESTRICT, null=True, blank=True, related_name="runs"
    )
    # How its servers were chosen, if not one by one: {"limit": "web:!db1", "inventory": "staging"}.
    chosen_by = models.JSONField(default=dict, db_default={}, blank=True)
    relaunch_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="relaunches"
    )
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    # Plays that matched no server of this run: [{"play", "hosts", "place", "reason"}, …].
    idle_plays = models.JSONField(default=list, db_default=[], blank=True)
    # Labels of secrets whose values could not be masked without tearing the output apart.
    unmasked = models.JSONField(default=list, db_default=[], blank=True)
    # The exact command line, without secrets; set when the run starts.
    command = models.TextField(blank=True)
    # Versions of the ansible-playbook that ran, and of its Python.
    ansible_version = models.CharField(max_length=50, blank=True, default="", db_default="")
    python_version = models.CharField(max_length=50, blank=True, default="", db_default="")
    queue = models.CharField(max_length=50, default="default", db_default="default")
    # Unique while the run is running: "playbook:7" for an exclusive playbook.
    exclusive_key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    cancel_reason = models.CharField(
        max_length=LONGEST_REASON, blank=True, default="", db_default=""
    )
    created_at = CreatedAtField()

    objects = RunQuerySet.as_manager()

    class Meta:
        db_table = "runs"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "id"], name="idx_runs_state"),
            # The queue: the oldest run that is not held; of the held ones, those that are due.
            models.Index(fields=["state", "held_until", "id"], name="idx_runs_waiting"),
        ]
        permissions = [("override_check", "Can override launch checks")]
        constraints = [
            models.UniqueConstraint(
                fields=["launched_by", "idempotency_key"], name="uq_runs_idempotency"
            )
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} of {self.playbook}"

    def get_absolute_url(self) -> str:
        return reverse("automation:run_detail", args=[self.pk])

    # Verbs

    def claim(self, server_ids: set[int]) -> bool:
        """Claim this pending run and lock its servers, all or none. False if somebody was first.

        Also False if it may not start (see claim_checks.py); then it is cancelled or held here.
        """
        token, now = processes.new_token(), timezone.now()
        taken: dict[str, Any] = {
            "state": self.State.RUNNING,
            "claim_token": token,
            "worker_host": socket.gethostname(),
            "worker_pid": os.getpid(),
            "heartbeat_at": now,
            "started_at": now,
            "exclusive_key": self.playbook.exclusive_key(),
        }
        try:
            if not self._take(server_ids, taken):
                return False
        except IntegrityError:
            return False  # another run has one of the servers, or runs the exclusive playbook
        except DatabaseError as error:
            if not is_transient(error) or not insisting(lambda: self._is_held_by(token)):
                raise
            # Only the answer was lost: the claim stands, and nobody else would see the run through.
        for name, value in taken.items():
            setattr(self, name, value)
        return True

    def cancel(self, actor: User | None, *, reason: str = "") -> bool:
        """End a pending run now, or ask a running one to stop.

        False if it has ended or was asked already. Without an actor the system cancels, and a
        reason is required.
        """
        if actor is not None and not actor.has_perm("automation.cancel_job"):
            raise PermissionDenied("Your role does not allow cancelling jobs.")
        # May deadlock with a worker that claims it at the same moment.
        asked = insisting(lambda: self._cancel(actor, reason), for_seconds=5)
        if asked:
            self.refresh_from_db()
        return asked

    def finish(
        self,
        outcomes: Mapping[int, Outcome],
        default: Outcome,
        *,
        exit_code: int | None = None,
        idle_plays: Sequence[dict[str, Any]] = (),
        other_hosts: Sequence[dict[str, Any]] = (),
        versions: Mapping[str, str] | None = None,
    ) -> bool:
        """Write the end of the run and of its jobs. False if the claim is lost.

        `outcomes` is {job id: outcome}; other jobs get `default`. A negative exit code is the
        number of the signal that ended ansible-playbook. `versions` is {column: version}. If any of
        the other hosts failed, the run has, however its jobs ended.
        """
        now, others = timezone.now(), list(other_hosts)[:MOST_OTHER_HOSTS]
        ended = {
            "state": self.State.FINISHED,
            "finished_at": now,
            "exit_code": exit_code,
            "idle_plays": list(idle_plays),
            "other_hosts": others,
            "exclusive_key": None,
            **(versions or {}),
        }
        with transaction.atomic():
            if not self._mine().update(**ended):
                return False
            ServerLock.objects.filter(run=self).delete()
            end_jobs(
                self, outcomes, default, finished_at=now, exit_code=exit_code, other_hosts=others
            )
            transaction.on_commit(Run.objects.wake_next, robust=True)
        for name, value in ended.items():
            setattr(self, name, value)
        return True

    def end_as_lost(self) -> bool:
        """End the run because its worker is gone.

        False if it has ended, or sent a heartbeat, since this row was read.
        """
        message = (
            f"The worker on {self.worker_host} was last heard of at "
            f"{self.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC. The log has what reached the database; "
            "output that the worker still held in memory is lost."
        )
        with transaction.atomic():
            if not self.stays_silent():
                return False
            return self.finish({}, Outcome.failed(Job.FailureKind.WORKER_LOST, message))

    def wake_worker(self) -> None:
        """Queue a wake-up for a worker."""
        # One transaction, as each one has to wait for SQLite's single writer.
        with transaction.atomic():
            task_id = async_task("automation.tasks.run_next")
            self.jobs.filter(task_id=None).update(task_id=task_id)

    # Questions

    @property
    def masked_extra_vars(self) -> dict[str, Any]:
        return variables.masked(self.extra_vars)

    def secret_names(self) -> set[str]:
        return {name for name, value in self.extra_vars.items() if is_sealed(value)}

    def cancel_message(self) -> str:
        who = f"Cancelled by {self.cancelled_by}." if self.cancelled_by else "Cancelled."
        return f"{who} {self.cancel_reason}".strip()

    # Private

    @transaction.atomic
    def _take(self, server_ids: set[int], taken: dict[str, Any]) -> bool:
        if not Run.objects.waiting().filter(pk=self.pk).select_for_update().exists():
            return False
        # Lock before checking: whoever deactivates one of these servers from now on comes after us.
        ServerLock.objects.bulk_create(
            ServerLock(server_id=pk, run=self) for pk in sorted(server_ids)
        )
        verdict = verdict_on_claim(self)
        if not verdict.allowed:
            ServerLock.objects.filter(run=self).delete()
            self._turn_away(verdict)
            return False
        Run.objects.filter(pk=self.pk).update(**taken)
        started = {"status": Job.Status.RUNNING, "started_at": taken["started_at"]}
        self.jobs.filter(status=Job.Status.PENDING).update(**started)
        AuditLog.objects.record(
            "run.started", self, actor=self.launched_by, worker=taken["worker_host"]
        )
        return True

    def _turn_away(self, verdict: Verdict) -> None:
        if verdict.refusals:
            self._cancel(None, Truncator(verdict.refusal).chars(LONGEST_REASON))
            self.refresh_from_db()
            return
        self.take_holds(verdict)
        self.save(update_fields=["held_until", "held_reason"])
        system = User.objects.system()
        AuditLog.objects.record("run.held", self, actor=system, reason=self.held_words)

    def _is_held_by(self, token: str) -> bool:
        return Run.objects.running().filter(pk=self.pk, claim_token=token).exists()

    @transaction.atomic
    def _cancel(self, actor: User | None, reason: str) -> bool:
        if not self._ask_to_stop(actor, reason):
            return False
        by = actor or User.objects.system()
        AuditLog.objects.record("run.cancel_requested", self, actor=by, reason=reason)
        now = timezone.now()
        ended = {
            "state": self.State.FINISHED,
            "finished_at": now,
            "held_until": None,
            "held_reason": "",
        }
        if Run.objects.pending().filter(pk=self.pk).update(**ended):
            end_jobs(self, {}, Outcome.cancelled(self.cancel_message()), finished_at=now)
            # The runs behind it may start.
            transaction.on_commit(Run.objects.wake_next, robust=True)
        return True

    def _ask_to_stop(self, actor: User | None, reason: str) -> bool:
        self.cancelled_by, self.cancel_reason = actor, reason
        return bool(
            Run.objects.filter(pk=self.pk, cancel_requested_at=None)
            .exclude(state=self.State.FINISHED)
            .update(cancel_requested_at=timezone.now(), cancelled_by=actor, cancel_reason=reason)
        )
