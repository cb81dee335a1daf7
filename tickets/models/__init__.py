"""tickets, ticket_occurrences and ticket_comments."""

from .comments import TicketComment
from .occurrences import (
    OccurrenceQuerySet,
    TicketOccurrence,
    failure_key,
    failure_key_of_host,
)
from .states import urgency
from .tickets import Ticket, TicketQuerySet, assignees

__all__ = [
    "OccurrenceQuerySet",
    "Ticket",
    "TicketComment",
    "TicketOccurrence",
    "TicketQuerySet",
    "assignees",
    "failure_key",
    "failure_key_of_host",
    "urgency",
]
