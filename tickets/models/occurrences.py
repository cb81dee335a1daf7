"""ticket_occurrences: the jobs in which a ticket's failure occurred."""

from __future__ import annotations

import hashlib
from typing import Any, Self

from django.db import models

from automation.models import Job
from schema.fields import CreatedAtField

from .states import TicketStates


class OccurrenceQuerySet(models.QuerySet["TicketOccurrence"]):
    def of_nobody(self) -> Self:
        """Uncleared failures on unassigned, unresolved tickets."""
        return self.filter(
            ticket__status__in=TicketStates.UNRESOLVED, ticket__assigned_to=None, cleared_at=None
        )


class TicketOccurrence(models.Model):
    """One job in which a ticket's failure occurred; cleared by a later success on that server.

    If only hosts without a job failed, it is the run's first job.
    """

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="occurrences")
    job = models.OneToOneField(Job, models.CASCADE, related_name="occurrence")
    created_at = CreatedAtField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        db_table = "ticket_occurrences"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.job} ({self.ticket})"


def failure_key(job: Job) -> str:
    """What failed, as 64 hex digits: equal for the same playbook, inventory, environment
    and failing task.

    Names may be templated per server, so the task's place counts, its name only if the place is
    unknown. If no task failed, the kind of failure counts.
    """
    what = job.failed_place or job.failed_task or job.failure_kind
    return _hash(job, job.failure_kind, what)


def failure_key_of_host(job: Job, host: dict[str, Any]) -> str:
    """The same for an item of Run.other_hosts; `job` is one of the run."""
    what = host["place"] or host["task"] or host["failure_kind"]
    return _hash(job, host["failure_kind"], what)


def _hash(job: Job, failure_kind: str, what: str) -> str:
    server = job.server
    parts: list[Any] = [job.playbook_id, server.environment, failure_kind, what]
    # A ticket's servers are relaunched together, and a run is on one inventory.
    parts += [] if server.inventory.is_default else [server.inventory_id]
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
