"""Relaunch what a ticket is about, on the servers where it still fails."""

from __future__ import annotations

from automation.models import Job, Run
from inventory.models import Server

from .models import OccurrenceQuerySet, Ticket


def servers_still_failing(ticket: Ticket) -> list[Server]:
    """The active servers without a success since the failure."""
    keys = _uncleared(ticket).values("job__server")
    return list(Server.objects.filter(pk__in=keys).order_by("hostname"))


def newest_run_still_failing(ticket: Ticket) -> Run | None:
    """The last run that failed on one of them; it has the values to repeat."""
    jobs = Job.objects.filter(occurrence__in=_uncleared(ticket)).select_related("run__playbook")
    job = jobs.order_by("-id").first()
    return job.run if job else None


def _uncleared(ticket: Ticket) -> OccurrenceQuerySet:
    return ticket.occurrences.filter(cleared_at=None, job__server__is_active=True)
