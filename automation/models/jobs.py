"""jobs: a run's part on one server, and how it ended."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import AuditLog
from automation import variables
from automation.cut_texts import beginning_of
from automation.signals import job_finished
from inventory.models import Server
from schema.fields import CreatedAtField, EnumField, UUIDTextField
from schema.limits import LONGEST_SEARCH
from schema.retrying import is_transient

from .playbooks import Playbook

if TYPE_CHECKING:
    from .logs import JobLog


# Maximum numbers of matching playbooks and servers that a search for jobs uses.
MATCHES = 200
FEW_SERVERS = 1000

# A shorter start of an id matches nothing: it would match too many.
SHORTEST_ID = 4
FIRST_ID, LAST_ID = str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))
AN_ID = re.compile("-".join(f"[0-9a-f]{{{length}}}" for length in (8, 4, 4, 4, 12)))

logger = logging.getLogger(__name__)


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> Self:
        return self.filter(status__in=Job.ACTIVE)

    def finished(self) -> Self:
        return self.exclude(status__in=Job.ACTIVE)

    def recent(self) -> Self:
        """Newest first, with the related rows that a list shows.

        Prefetched, not joined: MariaDB would start from the smallest table and sort a million jobs
        for a page of fifty.
        """
        return self.prefetch_related("playbook", "server", "user", "run").order_by("-id")

    def with_repeated(self) -> Self:
        """Adds `repeated_job_id`: the job on the same server in the run that theirs relaunches."""
        same_server = Job.objects.filter(server=OuterRef("server"))
        repeated = same_server.filter(run__relaunches=OuterRef("run")).order_by()
        return self.annotate(repeated_job_id=Subquery(repeated.values("job_id")[:1]))

    def for_page(self) -> Self:
        """With everything that a job's page shows, including its ticket."""
        return self.select_related(
            *("playbook", "server", "user", "run__cancelled_by", "run__credential"),
            *("run__playbook", "occurrence__ticket"),
        )

    def matching(self, text: str) -> Self:
        """Jobs whose id starts with the text (from four characters on).

        Also those whose playbook's or server's name contains it.
        """
        text = text.strip()
        if len(text) > LONGEST_SEARCH:
            return self.none()
        playbooks = Playbook.objects.filter(name__icontains=text).values_list("pk", flat=True)
        servers = Server.objects.filter(hostname__icontains=text).values_list("pk", flat=True)
        # Lists of keys instead of subqueries or ranges, so that the database walks the newest jobs
        # instead of joining or sorting all.
        return self.filter(
            Q(pk__in=list(_keys_by_id(text.lower())))
            | Q(playbook__in=list(playbooks[:MATCHES]))
            | Q(server__in=list(servers[:MATCHES]))
        )

    def in_environments(self, names: Collection[str]) -> Self:
        """Jobs on servers that are now in one of these environments."""
        return self._on(Server.objects.filter(environment__in=names))

    def with_tag(self, tag: str) -> Self:
        """Jobs on servers that now have this tag: “role=web”, or “canary” with any value."""
        return self._on(Server.objects.with_tag(tag))

    def _on(self, servers: models.QuerySet[Server]) -> Self:
        """Filters by keys instead of a join, for the reason given in `recent`.

        Few servers are looked up in the index. Jobs of thousands are among the newest anyway; `+ 0`
        keeps MariaDB from sorting all that the index finds (1.1 s instead of 0.06 s with 400,000
        jobs).
        """
        keys = list(servers.values_list("pk", flat=True))
        if len(keys) <= FEW_SERVERS:
            return self.filter(server__in=keys)
        return self.alias(on_server=F("server") + 0).filter(on_server__in=keys)

    def newest_of(self, servers: Iterable[Server]) -> dict[int, Job]:
        """{server id: its newest job}."""
        newest = self.filter(server__in=[server.pk for server in servers])._newest_by_server()
        return {job.server_id: job for job in self.filter(pk__in=list(newest))}

    def servers_at(self, status: str) -> list[int]:
        """The ids of servers whose newest job has this status: 0.1 s for ten thousand servers."""
        newest = self.filter(pk__in=self._newest_by_server(), status=status)
        return list(newest.order_by().values_list("server_id", flat=True))

    def _newest_by_server(self) -> models.QuerySet[Any, int]:
        by_server = self.order_by().values("server").annotate(newest=models.Max("id"))
        return by_server.values_list("newest", flat=True)

    def per_day(self, days: int, at: datetime | None = None) -> dict[tuple[date, str], int]:
        """{(day, status): number of jobs} for the last `days` days including today, in local time.

        Compares with the bounds of each day instead of truncating times, which would need time zone
        tables on MySQL. One query with an index range per day: at a million jobs, a third of the
        time that grouping by day takes.
        """
        today = timezone.localdate(at)
        dates = [today - timedelta(days=ago) for ago in reversed(range(days))]
        starts = [timezone.make_aware(datetime.combine(day, time.min)) for day in dates]
        parts = [
            self.filter(created_at__gte=start, **({"created_at__lt": end} if end else {}))
            .order_by()
            .values("status")
            .annotate(nth=Value(nth), count=models.Count("id"))
            for nth, (start, end) in enumerate(zip_longest(starts, starts[1:]))
        ]
        rows = parts[0].union(*parts[1:], all=True)
        return {(dates[row["nth"]], row["status"]): row["count"] for row in rows}


def _keys_by_id(text: str) -> Iterable[int]:
    """Keys of jobs whose id starts with the text.

    A range, which the index supports: for LIKE, SQLite and MySQL read every job.
    """
    lowest, highest = (text + digits[len(text) :] for digits in (FIRST_ID, LAST_ID))
    if len(text) < SHORTEST_ID or not AN_ID.fullmatch(lowest):
        return []
    found = Job.objects.filter(job_id__range=(lowest, highest))
    return found.values_list("pk", flat=True)[:MATCHES]


class Job(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        SUCCESS = "success", "Success"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        # No play of the run matched this server: neither success nor failure.
        SKIPPED = "skipped", "Skipped"

    ACTIVE = (Status.PENDING, Status.RUNNING)

    class FailureKind(models.TextChoices):
        """Why a job failed; empty unless it did."""

        TASK_FAILED = "task_failed", "A task failed"
        UNREACHABLE = "unreachable", "Host unreachable"
        NO_HOSTS_MATCHED = "no_hosts_matched", "No hosts matched"
        LOCALHOST_PLAY = "localhost_play", "Play runs on localhost only"
        NO_TASKS = "no_tasks", "No task ran"
        NOT_REACHED = "not_reached", "Not reached"
        PLAYBOOK_CHANGED = "playbook_changed", "Playbook changed"
        PLAYBOOK_MISSING = "playbook_missing", "Playbook missing"
        BAD_YAML = "bad_yaml", "Playbook cannot be read"
        UNKNOWN_MODULE = "unknown_module", "Unknown module"
        ANSIBLE_MISSING = "ansible_missing", "ansible-playbook not installed"
        ANSIBLE_ERROR = "ansible_error", "Ansible stopped with an error"
        WORKER_LOST = "worker_lost", "Worker lost"
        DEADLINE = "deadline", "Deadline passed"
        INTERNAL = "internal", "Error in InfraOps"

    job_id = UUIDTextField("job", unique=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey("Run", models.RESTRICT, related_name="jobs", db_index=False)
    playbook = models.ForeignKey(Playbook, models.RESTRICT, related_name="jobs", db_index=False)
    server = models.ForeignKey(Server, models.RESTRICT, related_name="jobs", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.RESTRICT, related_name="jobs", db_index=False
    )
    status = EnumField(
        choices=Status.choices, default=Status.PENDING, db_default=Status.PENDING.value
    )
    # The id of the wake-up that the queue got for it (formerly celery_task_id).
    task_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    # Values of secret variables are encrypted here: see automation/variables.py.
    extra_vars = models.JSONField(default=dict, db_default={}, blank=True)
    error_message = models.TextField(blank=True)
    failure_kind = EnumField(
        choices=[("", "None"), *FailureKind.choices], default="", db_default="", blank=True
    )
    failed_task = models.CharField(max_length=255, blank=True, default="", db_default="")
    # The place of that task, "roles/web/tasks/main.yml:12", relative to the playbook's project. The
    # name may be templated differently for each server; the place is the same for all.
    failed_place = models.CharField(max_length=500, blank=True, default="", db_default="")
    # Ansible's recap: {"ok": 3, "changed": 1, …}; empty until the play has ended.
    counts = models.JSONField(default=dict, db_default={}, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = CreatedAtField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["run"], name="idx_jobs_run"),
            models.Index(fields=["playbook"], name="idx_jobs_playbook"),
            models.Index(fields=["server"], name="idx_jobs_server"),
            models.Index(fields=["user"], name="idx_jobs_user"),
            models.Index(fields=["status"], name="idx_jobs_status"),
            models.Index(fields=["task_id"], name="idx_jobs_task"),
            models.Index(fields=["status", "created_at"], name="idx_jobs_status_created"),
            models.Index(fields=["user", "status"], name="idx_jobs_user_status"),
            models.Index(fields=["user", "created_at"], name="idx_jobs_user_created"),
            models.Index(fields=["created_at", "status"], name="idx_jobs_created_status"),
            # For a playbook's failures, newest first.
            models.Index(fields=["playbook", "status"], name="idx_jobs_playbook_status"),
            # For `track_record.usual_seconds_on`.
            models.Index(fields=["server", "playbook", "status"], name="idx_jobs_server_playbook"),
        ]
        permissions = [("cancel_job", "Can cancel jobs")]

    def __str__(self) -> str:
        return f"{self.playbook} on {self.server}"

    def get_absolute_url(self) -> str:
        return reverse("automation:job_detail", args=[self.job_id])

    # Verbs

    def cancel(self, actor: User) -> bool:
        """Cancel the job's run. False if it has ended already."""
        return self.run.cancel(actor)

    def finish(self, outcome: Outcome, *, actor: User | None = None) -> bool:
        """Write the job's end, once, to the audit trail too, and announce it.

        False if it had ended.

        The audit line names who launched the job, unless an actor ended it. Called only by Run,
        inside the transaction that ends the run.
        """
        now = timezone.now()
        ended = {**outcome.columns(), "completed_at": now}
        if not Job.objects.active().filter(pk=self.pk).update(**ended):
            return False
        for name, value in ended.items():
            setattr(self, name, value)
        AuditLog.objects.record(
            "job.finished",
            self,
            actor=actor or self.user,
            status=outcome.status,
            failure_kind=outcome.failure_kind,
            message=beginning_of(outcome.error_message, 500),
        )
        self._announce(outcome)
        return True

    # Questions

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def duration(self) -> timedelta | None:
        """From start to end, or until now; None before the start."""
        if self.started_at is None:
            return None
        return (self.completed_at or timezone.now()) - self.started_at

    @property
    def had_nothing_to_do(self) -> bool:
        """True if a play matched the server but ran no task: still a success."""
        is_success = self.status == self.Status.SUCCESS
        return is_success and bool(self.counts) and not any(self.counts.values())

    @property
    def masked_extra_vars(self) -> dict[str, Any]:
        return variables.masked(self.extra_vars)

    def lines(self, after: int = 0, limit: int = 500) -> models.QuerySet[JobLog]:
        """Up to `limit` lines after line number `after`, in order."""
        return self.logs.filter(line_number__gt=after).order_by("line_number")[:limit]

    def lines_before(self, number: int | None = None, limit: int = 500) -> list[JobLog]:
        """The last `limit` lines before line `number` (None: before the end), in order."""
        lines = self.logs.order_by("-line_number")
        if number is not None:
            lines = lines.filter(line_number__lt=number)
        return list(lines[:limit])[::-1]

    def last_lines(self, count: int) -> list[str]:
        """The text of the last lines, oldest first."""
        newest = self.logs.order_by("-line_number").values_list("content", flat=True)[:count]
        return list(newest)[::-1]

    @property
    def last_line_number(self) -> int:
        return self.logs.aggregate(last=models.Max("line_number"))["last"] or 0

    # Private

    def _announce(self, outcome: Outcome) -> None:
        """Call receivers; an error in one must not keep the job from ending."""
        try:
            with transaction.atomic():
                job_finished.send(Job, job=self, outcome=outcome)
        except Exception as error:
            if is_transient(error):
                raise  # the job's end is written again
            logger.exception("A receiver of job_finished failed for job %s", self.job_id)
            AuditLog.objects.record("job.follow_up_failed", self, error=str(error)[:500])


@dataclass(frozen=True)
class Outcome:
    """How a job ended, by the names of its columns. `counts` is Ansible's recap for its host."""

    status: Job.Status
    failure_kind: str = ""
    error_message: str = ""
    failed_task: str = ""
    failed_place: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def failed(cls, kind: Job.FailureKind, message: str, **more: Any) -> Outcome:
        return cls(Job.Status.FAILED, kind, message, **more)

    @classmethod
    def cancelled(cls, message: str) -> Outcome:
        return cls(Job.Status.CANCELLED, "", message)

    @classmethod
    def skipped(cls, reason: str) -> Outcome:
        return cls(Job.Status.SKIPPED, "", reason)

    def columns(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "failure_kind": self.failure_kind,
            "error_message": self.error_message,
            "failed_task": self.failed_task[:255],
            "failed_place": self.failed_place[:500],
            "counts": self.counts,
        }
