"""A ticket's activity: comments and events in chronological order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import AuditLog

from .models import Ticket, TicketComment

# Shown are the latest comments and events; the audit trail has them all.
SHOWN = 200
# Shown elsewhere on the page: occurrences in their table, comments as they are.
LEFT_OUT = ("ticket.occurred_again", "ticket.commented")
WORDS = {
    "ticket.opened": "opened it",
    "ticket.created": "opened it",
    "ticket.updated": "edited it",
    "ticket.started": "started work on it",
    "ticket.resolved": "resolved it",
    "ticket.closed": "closed it",
    "ticket.reopened": "reopened it",
    "ticket.comment_edited": "edited a comment",
    "ticket.comment_removed": "deleted a comment",
}


@dataclass(frozen=True)
class HistoryEntry:
    """Either a comment, or an audit line in words."""

    at: datetime
    who: str
    words: str = ""
    note: str = ""
    comment: TicketComment | None = None


def read_ticket_history(ticket: Ticket) -> list[HistoryEntry]:
    """The latest 200 comments and the latest 200 events, oldest first. Two queries."""
    comments = ticket.comments.select_related("created_by").order_by("-id")[:SHOWN]
    lines = AuditLog.objects.about(ticket).exclude(action__in=LEFT_OUT)[:SHOWN]
    events = [HistoryEntry(one.created_at, str(one.created_by), comment=one) for one in comments]
    events += [_event(line) for line in lines]
    return sorted(events, key=lambda event: event.at)


def _event(line: AuditLog) -> HistoryEntry:
    note = str(line.details.get("note") or "")
    return HistoryEntry(line.timestamp, line.actor_name, _words(line), note)


def _words(line: AuditLog) -> str:
    changes = line.details.get("changes")
    changes = changes if isinstance(changes, dict) else {}
    if line.action == "ticket.assigned":
        person = _after(changes, "assigned_to")
        return f"assigned it to {person}" if person else "unassigned it"
    if line.action == "ticket.prioritised":
        return f"set the priority to {_after(changes, 'priority')}"
    if line.action == "ticket.opened" and line.details.get("server"):
        return f"opened it: a job failed on {line.details['server']}"
    return WORDS.get(line.action, line.action.partition(".")[2].replace("_", " "))


def _after(changes: dict[str, Any], name: str) -> str:
    pair = changes.get(name)
    return str(pair[1] or "") if isinstance(pair, list) and len(pair) == 2 else ""
