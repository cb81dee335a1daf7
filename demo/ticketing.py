"""Generates tickets opened by failed jobs, and people's work on them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from automation.models import Job
from tickets.models import Ticket, TicketComment, TicketOccurrence, failure_key
from tickets.receivers import PRIORITIES
from tickets.wording import describe_failure, title_of

from . import bulk
from .trail import Trail
from .world import World

# Mean hours until a ticket is resolved, and the probability that it still is not.
HOURS = {"high": 7, "medium": 30, "low": 60}
NEVER = {"high": 0.02, "medium": 0.05, "low": 0.1}
COMMENTS = (
    "Looking into it.",
    "Same as last month: **/var** had filled up again. Cleaned with\n\n```\njournalctl "
    "--vacuum-size=500M\n```",
    "Happens only on hosts that were patched on Wednesday:\n\n- old kernel: fine\n- new one: fails",
    "The team of the service knows. They want it to wait until *after* the release.",
    "Ran it once more by hand with `--check`: it would pass now.",
)
# Tickets newer than this have not been looked at.
UNSEEN = timedelta(minutes=30)
NOTES = ("Disk cleaned up.", "Restarted by hand.", "Fixed in the playbook.", "Was a known outage.")


@dataclass
class Desk:
    """Receives failures in chronological order."""

    world: World
    trail: Trail
    tickets: list[Ticket] = field(default_factory=list)
    occurrences: list[TicketOccurrence] = field(default_factory=list)
    comments: list[TicketComment] = field(default_factory=list)
    _by_key: dict[str, Ticket] = field(default_factory=dict)
    _first: int = 0
    _first_comment: int = field(default_factory=lambda: bulk.next_key(TicketComment))

    def take(self, job: Job, lines: list[str]) -> None:
        """Record a failed job; `lines` are its last log lines."""
        key, at = failure_key(job), job.completed_at or self.world.now
        ticket = self._by_key.get(key)
        is_new = ticket is None or (ticket.resolved_at is not None and ticket.resolved_at < at)
        if ticket is None or is_new:
            ticket = self._by_key[key] = self._opened(job, at, lines)
            self.tickets.append(ticket)
        over = self.world.happens(0.6) and at + timedelta(hours=self.world.rng.uniform(1, 40))
        cleared = over if over and over < self.world.now else ticket.resolved_at
        self.occurrences.append(
            TicketOccurrence(ticket=ticket, job_id=job.pk, created_at=at, cleared_at=cleared)
        )
        action = "ticket.opened" if is_new else "ticket.occurred_again"
        self._tell(
            ticket, at, self.world.system, action, job=str(job.job_id), server=str(job.server)
        )

    def write(self) -> None:
        for key, ticket in self._by_key.items():
            ticket.open_key = key if ticket.is_unresolved else None
        bulk.insert(self.tickets, Ticket)
        bulk.insert(self.occurrences, TicketOccurrence)
        bulk.insert(self.comments, TicketComment)

    def _opened(self, job: Job, at: datetime, lines: list[str]) -> Ticket:
        self._first = self._first or bulk.next_key(Ticket)
        priority = PRIORITIES.get(job.server.environment, Ticket.Priority.LOW)
        ticket = Ticket(
            pk=self._first + len(self.tickets),
            ticket_id=self.world.uuid(),
            job=job,
            created_by=job.user,
            title=title_of(job),
            description=describe_failure(job, lines),
            priority="critical" if self.world.happens(0.03) else priority,
            created_at=at,
            updated_at=at,
        )
        self._work_on(ticket, at, priority)
        return ticket

    def _work_on(self, ticket: Ticket, at: datetime, priority: str) -> None:
        """Somebody takes the ticket, and in most cases resolves it."""
        world = self.world
        if world.now - at < UNSEEN:
            return
        taken = at + timedelta(hours=world.rng.expovariate(2 / HOURS[priority]))
        ended = taken + timedelta(hours=world.rng.expovariate(1 / HOURS[priority]))
        person = world.rng.choice(world.operators)
        if taken < world.now:
            ticket.assigned_to, ticket.updated_at = person, taken
            ticket.status = Ticket.Status.IN_PROGRESS
            self._tell(ticket, taken, person, "ticket.started", changes=_moved("open", ticket))
            self._comment_on(ticket, taken, person)
        if ended < world.now and not world.happens(NEVER[priority]):
            is_closed = world.happens(0.25)
            ticket.status = Ticket.Status.CLOSED if is_closed else Ticket.Status.RESOLVED
            ticket.resolved_at = ticket.updated_at = ended
            action = "ticket.closed" if is_closed else "ticket.resolved"
            changes = _moved("in_progress", ticket)
            note = world.rng.choice(NOTES)
            self._tell(ticket, ended, person, action, changes=changes, note=note)

    def _comment_on(self, ticket: Ticket, at: datetime, person: User) -> None:
        world = self.world
        for _ in range(world.rng.choice((0, 0, 1, 1, 2, 3))):
            at += timedelta(minutes=world.rng.randint(2, 40))
            if at > world.now:
                return
            comment = TicketComment(
                pk=self._first_comment + len(self.comments),
                ticket=ticket,
                created_by=person,
                text=world.rng.choice(COMMENTS),
                created_at=at,
                updated_at=at,
            )
            self.comments.append(comment)
            self._tell(ticket, at, person, "ticket.commented", comment=comment.pk)
            person = world.rng.choice(world.operators)

    def _tell(self, ticket: Ticket, at: datetime, actor: User, action: str, **more: Any) -> None:
        resource = ("ticket", ticket.ticket_id, ticket.title)
        self.trail.add(at, actor, action, resource, by_hand="job" not in more, **more)


def _moved(before: str, ticket: Ticket) -> dict[str, list[str]]:
    return {"status": [before, str(ticket.status)]}
