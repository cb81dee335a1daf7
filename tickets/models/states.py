"""Status and priority of a ticket: columns of Ticket."""

from django.db import models

from schema.fields import EnumField


class TicketStates(models.Model):
    """The columns, and what counts as unresolved or urgent."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        IN_PROGRESS = "in_progress", "In progress"
        RESOLVED = "resolved", "Resolved"
        CLOSED = "closed", "Closed"

    class Priority(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        CRITICAL = "critical", "Critical"

    UNRESOLVED = (Status.OPEN, Status.IN_PROGRESS)
    URGENT = (Priority.CRITICAL, Priority.HIGH)
    BY_URGENCY = (Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM, Priority.LOW)

    status = EnumField(choices=Status.choices, default=Status.OPEN, db_default=Status.OPEN.value)
    priority = EnumField(
        choices=Priority.choices, default=Priority.MEDIUM, db_default=Priority.MEDIUM.value
    )

    class Meta:
        abstract = True

    @property
    def is_unresolved(self) -> bool:
        return self.status in self.UNRESOLVED


def urgency() -> models.Case:
    """To order by: most urgent first."""
    ranks = (
        models.When(priority=name, then=rank) for rank, name in enumerate(TicketStates.BY_URGENCY)
    )
    return models.Case(*ranks, output_field=models.IntegerField())
