"""tickets: things that a person has to look after. A failed job opens one automatically."""

from __future__ import annotations

import uuid
from typing import Any, Self

from auditlog.context import disable_auditlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.permissions import roles_with
from audit.models import AuditLog
from automation.models import Job
from schema.exceptions import Refused
from schema.fields import CreatedAtField, DescriptionField, UpdatedAtField, UUIDTextField
from tickets.wording import title_for_both

from .comments import TicketComment
from .occurrences import TicketOccurrence, failure_key
from .states import TicketStates, urgency

# Upper bound on tickets considered for one server.
LOOKED_AT = 200


def assignees() -> models.QuerySet[User]:
    """Active users who may work tickets."""
    return User.objects.filter(is_active=True, role__in=roles_with("tickets.work_ticket"))


class TicketQuerySet(models.QuerySet["Ticket"]):
    def unresolved(self) -> Self:
        return self.filter(status__in=Ticket.UNRESOLVED)

    def of_server(self, server_id: int) -> Self:
        """Unresolved tickets with a failure on this server that no later success has cleared."""
        uncleared = TicketOccurrence.objects.filter(cleared_at=None, job__server=server_id)
        found = uncleared.filter(ticket__status__in=Ticket.UNRESOLVED).values_list("ticket")
        # Keys instead of a subquery: there are few, and all databases choose the same plan.
        return self.filter(pk__in=[pk for (pk,) in found.distinct()[:LOOKED_AT]]).queue()

    def queue(self) -> Self:
        """Unresolved tickets, most urgent first, then oldest first."""
        return self.unresolved().order_by(urgency(), "id")

    def open_for(self, open_key: str, **defaults: Any) -> tuple[Ticket, bool]:
        """(unresolved ticket with this key, whether it is new); created from `defaults` if need be.

        If two jobs fail at the same time, the unique key makes both get the same ticket.
        """
        while True:
            # Locked, so that it cannot be resolved before the occurrence is added.
            ticket = self.select_for_update().filter(open_key=open_key).first()
            if ticket is not None:
                return ticket, False
            try:
                # The caller records the opening, together with the job.
                with transaction.atomic(), disable_auditlog():
                    return self.create(open_key=open_key, **defaults), True
            except IntegrityError:
                continue


class Ticket(TicketStates):
    ticket_id = UUIDTextField("ticket", unique=True, default=uuid.uuid4, editable=False)
    # The first job that failed; NULL if the ticket was opened by hand.
    job = models.ForeignKey(
        Job, models.RESTRICT, null=True, blank=True, related_name="tickets", db_index=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.RESTRICT,
        db_column="created_by",
        related_name="tickets",
        db_index=False,
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_column="assigned_to",
        related_name="assigned_tickets",
    )
    title = models.CharField(max_length=200)
    description = DescriptionField(blank=True)
    # A hash of what failed; unique, so that a failure has one unresolved ticket.
    open_key = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        db_table = "tickets"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["job"], name="idx_tickets_job"),
            models.Index(fields=["created_by"], name="idx_tickets_created_by"),
            models.Index(fields=["status"], name="idx_tickets_status"),
            models.Index(fields=["status", "priority"], name="idx_tickets_status_priority"),
        ]
        permissions = [("work_ticket", "Can start, resolve, close, reopen and assign tickets")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("tickets:ticket_detail", args=[self.ticket_id])

    # Verbs. Each returns False if nothing changed, and raises Refused if the status does not allow
    # it.

    def start(self, actor: User) -> bool:
        """Open to in progress; assigned to the actor if it is unassigned."""
        return self._move(
            actor,
            "ticket.started",
            [self.Status.OPEN],
            status=self.Status.IN_PROGRESS,
            assigned_to=Coalesce("assigned_to", models.Value(actor.pk)),
        )

    def resolve(self, actor: User, note: str = "") -> bool:
        return self._move(
            actor,
            "ticket.resolved",
            self.UNRESOLVED,
            note=note,
            status=self.Status.RESOLVED,
            resolved_at=timezone.now(),
            open_key=None,
        )

    def close(self, actor: User, note: str = "") -> bool:
        """Close from any status: nothing more will be done about it."""
        return self._move(
            actor,
            "ticket.closed",
            [*self.UNRESOLVED, self.Status.RESOLVED],
            note=note,
            status=self.Status.CLOSED,
            resolved_at=Coalesce("resolved_at", models.Value(timezone.now())),
            open_key=None,
        )

    def reopen(self, actor: User, note: str = "") -> bool:
        """Reopen. The next equal failure goes to this ticket, unless a newer one has it."""
        self._refuse_unless_works(actor)
        self.refresh_from_db()
        if self.is_unresolved:
            return False
        done = [self.Status.RESOLVED, self.Status.CLOSED]
        back: dict[str, Any] = {"note": note, "status": self.Status.OPEN, "resolved_at": None}
        try:
            return self._move(actor, "ticket.reopened", done, open_key=self._free_key(), **back)
        except IntegrityError:  # a ticket was opened for that failure just now
            return self._move(actor, "ticket.reopened", done, open_key=None, **back)

    @transaction.atomic
    def assign(self, actor: User, assignee: User | None) -> bool:
        """Assign to a user who works tickets, or to nobody (None)."""
        self._refuse_unless_works(actor)
        if assignee is not None and not assignee.has_perm("tickets.work_ticket"):
            raise Refused(
                f"{assignee} cannot work on tickets: the role or the account does not allow it."
            )
        return self._change(actor, "ticket.assigned", self._locked(), assigned_to=assignee)

    @transaction.atomic
    def prioritise(self, actor: User, priority: str) -> bool:
        self._refuse_unless_works(actor)
        if priority not in self.Priority.values:
            known = ", ".join(self.Priority.values)
            raise ValidationError(
                {"priority": [f"“{priority}” is not a priority. Choose one of: {known}."]}
            )
        return self._change(actor, "ticket.prioritised", self._locked(), priority=priority)

    @transaction.atomic
    def comment(self, actor: User, text: str) -> TicketComment:
        """Add a comment in Markdown. Raises ValidationError if it is empty or too long."""
        self._refuse_unless_works(actor)
        comment = TicketComment(ticket=self, created_by=actor, text=text.strip())
        comment.clean_fields(exclude=["ticket", "created_by"])
        comment.save(force_insert=True)
        Ticket.objects.filter(pk=self.pk).update(updated_at=timezone.now())
        AuditLog.objects.record("ticket.commented", self, actor=actor, comment=comment.pk)
        return comment

    @transaction.atomic
    def add_occurrence(self, job: Job) -> TicketOccurrence:
        """Record that the failure occurred in this job."""
        occurrence, _ = TicketOccurrence.objects.get_or_create(job=job, defaults={"ticket": self})
        Ticket.objects.filter(pk=self.pk).update(updated_at=timezone.now())
        return occurrence

    def generalise_title(self, job: Job) -> dict[str, list[str]]:
        """Shorten the title to fit this job too.

        Returns {"title": [before, after]} if it changed.
        """
        if self.job is None or (title := title_for_both(self.title, self.job, job)) == self.title:
            return {}
        before, self.title = self.title, title
        Ticket.objects.filter(pk=self.pk).update(title=title)
        return {"title": [before, title]}

    # Private

    @transaction.atomic
    def _move(
        self, actor: User, action: str, allowed: Any, *, status: str, note: str = "", **changes: Any
    ) -> bool:
        """Change the status to `status` from one of `allowed`, and record it."""
        self._refuse_unless_works(actor)
        before = self._locked()
        if before.status != status and before.status not in allowed:
            raise Refused(f"The ticket is {before.get_status_display().lower()}: reopen it first.")
        if before.status == status:
            return False
        return self._change(actor, action, before, note=note, status=status, **changes)

    def _locked(self) -> Ticket:
        """The row as it is in the database, locked until the end of the transaction."""
        return Ticket.objects.select_for_update().get(pk=self.pk)

    def _change(
        self, actor: User, action: str, before: Ticket, *, note: str = "", **changes: Any
    ) -> bool:
        """Save what differs and record it; False if nothing differs."""
        if all(getattr(before, name) == value for name, value in changes.items()):
            self.refresh_from_db()
            return False
        Ticket.objects.filter(pk=self.pk).update(**changes, updated_at=timezone.now())
        self.refresh_from_db()
        told = {
            name: [_told(getattr(before, name)), _told(getattr(self, name))]
            for name in ("status", "priority", "assigned_to")
            if getattr(before, name) != getattr(self, name)
        }
        more = {"note": note} if note else {}
        AuditLog.objects.record(action, self, actor=actor, changes=told, **more)
        return True

    def _free_key(self) -> str | None:
        """The key of its failure, if no other ticket has it."""
        if self.job is None or self.job.status != Job.Status.FAILED:
            return None
        key = failure_key(self.job)
        return None if Ticket.objects.filter(open_key=key).exists() else key

    @staticmethod
    def _refuse_unless_works(actor: User) -> None:
        if not actor.has_perm("tickets.work_ticket"):
            raise PermissionDenied("Your role does not allow working on tickets.")


def _told(value: Any) -> str | None:
    return None if value is None else str(value)
