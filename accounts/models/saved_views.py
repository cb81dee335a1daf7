"""saved_views: a list's filters and order, saved under a name."""

from __future__ import annotations

import re
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from audit.models import AuditLog
from schema.fields import CreatedAtField, UpdatedAtField

from .users import User

# Parameters of paging and pop-ups are not part of a view.
NOT_KEPT = {"p", "e", "all", "_popup", "_to_field", "_facets", "_changelist_filters"}
PARAMETER = re.compile(r"[a-z][A-Za-z0-9_]*")
LONGEST_QUERY = 2000


def cleaned_query(query: str) -> str:
    """The query as it is stored: only parameters of a list. Raises ValidationError."""
    if len(query) > LONGEST_QUERY:
        raise ValidationError(f"At most {LONGEST_QUERY} characters.")
    text = query.strip().removeprefix("?")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    except ValueError:
        raise ValidationError("Enter the part after “?” in the list's address.") from None
    kept = [(name, value) for name, value in pairs if value and name not in NOT_KEPT]
    if bad := [name for name, _ in pairs if not PARAMETER.fullmatch(name.lstrip("_"))]:
        raise ValidationError(f"“{bad[0][:80]}” is not a parameter of a list.")
    return urlencode(sorted(kept))


def validate_list(name: str) -> None:
    try:
        reverse(f"admin:{name}_changelist")
    except NoReverseMatch:
        raise ValidationError(f"There is no list “{name}”. Example: automation_job.") from None


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def open_to(self, user: User) -> Self:
        """The user's own views and shared ones."""
        return self.filter(Q(shared=True) | Q(user=user)).select_related("user")

    @transaction.atomic
    def keep(
        self, actor: User, list_name: str, name: str, query: str, *, shared: bool = False
    ) -> tuple[SavedView, bool]:
        """Save a view, replacing the actor's own one of that name.

        Returns (view, whether it is new).

        Raises ValidationError for invalid values, PermissionDenied for sharing without permission.
        """
        old = self.filter(user=actor, list_name=list_name, name=name.strip()).first()
        if old is not None:
            old.change(actor, query=query, shared=shared)
            return old, False
        view = self.model(user=actor, list_name=list_name, name=name, query=query, shared=shared)
        view.full_clean()
        view.check_sharing(actor)
        view.save(force_insert=True)
        AuditLog.objects.record("savedview.saved", view, actor=actor, **view.told())
        return view, True


class SavedView(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", db_index=False
    )
    list_name = models.CharField(
        "list", max_length=80, validators=[validate_list], help_text="Such as automation_job."
    )
    name = models.CharField(max_length=80)
    query = models.TextField(blank=True, help_text="The part after “?” in the list's address.")
    shared = models.BooleanField(
        default=False, db_default=False, help_text="Whether everyone can open it."
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        db_table = "saved_views"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "list_name", "name"],
                name="uq_saved_views_user_list_name",
                violation_error_message="You have a view of that name here already.",
            )
        ]
        indexes = [models.Index(fields=["list_name", "shared"], name="idx_saved_views_shared")]
        permissions = [
            ("share_savedview", "Can share saved views with everybody"),
            ("manage_savedview", "Can change and delete what others share"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        path = reverse(f"admin:{self.list_name}_changelist")
        return f"{path}?{self.query}" if self.query else path

    def clean_fields(self, exclude: Any = None) -> None:
        self.name = self.name.strip()
        super().clean_fields(exclude)
        try:
            self.query = cleaned_query(self.query)
        except ValidationError as error:
            raise ValidationError({"query": error.messages}) from None

    # Verbs

    @transaction.atomic
    def change(self, actor: User, **changes: Any) -> bool:
        """Change name, query or sharing; False if nothing differs."""
        self.check_owner(actor)
        before = self.told()
        for name, value in changes.items():
            setattr(self, name, value)
        self.full_clean()
        if self.told() == before:
            return False
        self.check_sharing(actor)
        self.save(update_fields=[*changes, "updated_at"])
        after = self.told()
        told = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        AuditLog.objects.record("savedview.changed", self, actor=actor, changes=told)
        return True

    @transaction.atomic
    def remove(self, actor: User) -> None:
        self.check_owner(actor)
        AuditLog.objects.record("savedview.removed", self, actor=actor, **self.told())
        self.delete()

    # Questions

    def told(self) -> dict[str, Any]:
        """What the audit trail records of it."""
        names = ("list_name", "name", "query", "shared")
        return {name: getattr(self, name) for name in names}

    def may_be_changed_by(self, user: User) -> bool:
        manages = self.shared and user.has_perm("accounts.manage_savedview")
        return user.pk == self.user_id or manages

    def check_owner(self, actor: User) -> None:
        if not self.may_be_changed_by(actor):
            raise PermissionDenied("This view belongs to another user.")

    def check_sharing(self, actor: User) -> None:
        if self.shared and not actor.has_perm("accounts.share_savedview"):
            raise PermissionDenied("Your role does not allow sharing views.")
