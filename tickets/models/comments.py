"""ticket_comments: what users write about a ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxLengthValidator
from django.db import models, transaction

from accounts.models import User
from audit.models import AuditLog
from schema.fields import CreatedAtField, UpdatedAtField
from schema.limits import LONGEST_COMMENT


class TicketComment(models.Model):
    """A comment on a ticket, in Markdown."""

    LONGEST = LONGEST_COMMENT

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="comments")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.RESTRICT, db_column="created_by", related_name="+"
    )
    text = models.TextField(validators=[MaxLengthValidator(LONGEST)])
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    class Meta:
        db_table = "ticket_comments"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"Comment {self.pk} of {self.created_by} on {self.ticket}"

    def get_absolute_url(self) -> str:
        return f"{self.ticket.get_absolute_url()}#comment-{self.pk}"

    # Verbs. The audit trail keeps earlier texts.

    @transaction.atomic
    def edit(self, actor: User, text: str) -> bool:
        """Change the text; False if it is the same. Only for its author."""
        self._refuse_unless_own(actor)
        before, self.text = self.text, text.strip()
        if before == self.text:
            return False
        self.clean_fields(exclude=["ticket", "created_by"])
        self.save(update_fields=["text", "updated_at"])
        self._record("ticket.comment_edited", actor, changes={"text": [before, self.text]})
        return True

    @transaction.atomic
    def remove(self, actor: User) -> bool:
        """Delete the comment; False if it was deleted already.

        For its author, and for user managers.
        """
        if not actor.has_perm("accounts.change_user"):
            self._refuse_unless_own(actor)
        if not TicketComment.objects.filter(pk=self.pk).delete()[0]:
            return False
        self._record("ticket.comment_removed", actor, changes={"text": [self.text, None]})
        return True

    @property
    def is_edited(self) -> bool:
        return self.updated_at - self.created_at > timedelta(seconds=1)

    def _refuse_unless_own(self, actor: User) -> None:
        if self.created_by_id != actor.pk or not actor.has_perm("tickets.work_ticket"):
            raise PermissionDenied("You can only edit your own comments.")

    def _record(self, action: str, actor: User, **details: Any) -> None:
        AuditLog.objects.record(action, self.ticket, actor=actor, comment=self.pk, **details)
