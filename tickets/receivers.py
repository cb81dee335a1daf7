"""A failed job opens a ticket or is added to the open one; a success clears earlier failures.

So does a run that failed only where it has no job.
"""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from audit.models import AuditLog
from audit.signals import story_asked
from audit.stories.story import Chapter
from automation.models import Job, Outcome, Run
from automation.signals import hosts_failed, job_finished

from .models import Ticket, TicketOccurrence, failure_key, failure_key_of_host
from .wording import (
    NAMED,
    describe_failed_hosts,
    describe_failure,
    title_of,
    title_of_host,
)

LAST_LINES = 20
TOLD_JOBS = 500
PRIORITIES = {
    "production": Ticket.Priority.HIGH,
    "staging": Ticket.Priority.MEDIUM,
}


@receiver(job_finished, dispatch_uid="tickets.follow_up")
def follow_up(job: Job, outcome: Outcome, **kwargs: Any) -> None:
    if outcome.status == Job.Status.FAILED:
        open_ticket(job)
    elif outcome.status == Job.Status.SUCCESS:
        clear_occurrences(job)


@receiver(hosts_failed, dispatch_uid="tickets.follow_up_hosts")
def follow_up_hosts(run: Run, hosts: Sequence[dict[str, Any]], **kwargs: Any) -> None:
    """The run failed where it has no job: its first job stands for it, whose log has the lines."""
    job = run.jobs.select_related("playbook", "server", "user", "run").order_by("id")[0]
    ticket, is_new = Ticket.objects.open_for(
        failure_key_of_host(job, hosts[0]),
        **_about(job),
        title=title_of_host(job, hosts[0]),
        description=describe_failed_hosts(job, hosts),
    )
    _add(ticket, job, is_new=is_new, hosts=[each["host"] for each in hosts[:NAMED]])


def open_ticket(job: Job) -> Ticket:
    """Add the job to the unresolved ticket for its failure, or open one (see failure_key)."""
    ticket, is_new = Ticket.objects.open_for(
        failure_key(job),
        **_about(job),
        title=title_of(job),
        description=describe_failure(job, job.last_lines(LAST_LINES)),
    )
    changes = {} if is_new else ticket.generalise_title(job)
    _add(ticket, job, is_new=is_new, **({"changes": changes} if changes else {}))
    return ticket


def _about(job: Job) -> dict[str, Any]:
    priority = PRIORITIES.get(job.server.environment, Ticket.Priority.LOW)
    return {"job": job, "created_by": job.user, "priority": priority}


def _add(ticket: Ticket, job: Job, *, is_new: bool, **more: Any) -> None:
    """Add the occurrence, and record it."""
    ticket.add_occurrence(job)
    AuditLog.objects.record(
        "ticket.opened" if is_new else "ticket.occurred_again",
        ticket,
        actor=User.objects.system(),
        job=str(job.job_id),
        server=str(job.server),
        **more,
    )


def clear_occurrences(job: Job) -> None:
    """The playbook succeeded on this server: clear its earlier failures there."""
    TicketOccurrence.objects.filter(
        cleared_at=None, job__playbook=job.playbook_id, job__server=job.server_id
    ).update(cleared_at=timezone.now())


@receiver(story_asked, sender=Ticket)
def tell_of_failed_jobs(object: Ticket, **kwargs: Any) -> Chapter:
    """A ticket's story includes that of the newest 500 of its failed jobs."""
    jobs = object.occurrences.order_by("-id").values_list("job__job_id", flat=True)[:TOLD_JOBS]
    return Chapter("its failed jobs", "job", [str(job_id) for job_id in jobs])
