"""What can be done with a ticket's status: the buttons, the list's actions, and their messages.

The verbs themselves are methods of Ticket.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from console.lists import call_each

from .models import Ticket

Status = Ticket.Status


@dataclass(frozen=True)
class Move:
    """A verb of Ticket, offered for tickets with a status in `offered_in`.

    A note typed beside the button goes into the audit trail.
    """

    verb: str
    label: str
    offered_in: tuple[Ticket.Status, ...]
    done: str
    unchanged: str
    takes_note: bool = True

    def apply(self, request: HttpRequest, tickets: Iterable[Ticket], *, note: str = "") -> None:
        """Call the verb on each ticket and report the outcome."""
        given = {"note": note} if note and self.takes_note else {}
        call_each(
            request,
            tickets,
            lambda ticket: getattr(ticket, self.verb)(request.user, **given),
            done=self.done,
            unchanged=self.unchanged,
        )


TABLE = (
    Move("start", "Start work", (Status.OPEN,), "In progress", "Not open", takes_note=False),
    Move("resolve", "Resolve", (Status.OPEN, Status.IN_PROGRESS), "Resolved", "Already resolved"),
    Move(
        "close",
        "Close",
        (Status.OPEN, Status.IN_PROGRESS, Status.RESOLVED),
        "Closed",
        "Already closed",
    ),
    Move("reopen", "Reopen", (Status.RESOLVED, Status.CLOSED), "Reopened", "Already open"),
)
MOVES = {move.verb: move for move in TABLE}


def list_moves(ticket: Ticket) -> list[Move]:
    """The moves that the ticket's page offers, in the order of their buttons."""
    return [move for move in TABLE if ticket.status in move.offered_in]
