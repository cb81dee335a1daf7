"""api_keys: let programs act as a user."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.last_use import LastUse
from audit.models import AuditLog
from schema.exceptions import Refused
from schema.fields import CreatedAtField

from .users import User

# Characters of a token up to its dot, by which people know a key.
PREFIX_LENGTH = 8

LAST_USED = LastUse("accounts.ApiKey", key="pk", field="last_used_at")
# Owners are told about the end of their keys this long before.
NOTICE = timedelta(days=14)


class DefaultEnd:
    """Stands for "API_KEY_DAYS from now", as None means that a key never expires."""


DEFAULT_END: Final = DefaultEnd()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, at: datetime | None = None) -> Self:
        """Keys that are neither revoked nor expired, with an active owner."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=at or timezone.now())
        return self.filter(unexpired, revoked_at=None, owner__is_active=True)

    def issue(
        self,
        owner: User,
        *,
        name: str,
        actor: User | None = None,
        expires_at: datetime | DefaultEnd | None = DEFAULT_END,
    ) -> tuple[ApiKey, str]:
        """Create a key. Returns it with its token, which is stored only as a digest.

        It expires after API_KEY_DAYS unless another end is given; None: never. Raises
        ValidationError for an invalid name or expiry, Refused if the owner cannot log in.
        """
        prefix, secret = secrets.token_hex(PREFIX_LENGTH // 2), secrets.token_urlsafe(32)
        token = f"{prefix}.{secret}"
        end = default_end() if isinstance(expires_at, DefaultEnd) else expires_at
        key = self.model(owner=owner, name=name, prefix=prefix, expires_at=end)
        key.digest = digest_of(token)
        with transaction.atomic():
            _check_active(owner)
            key.clean_fields()
            key.save(force_insert=True)
            AuditLog.objects.record("apikey.issued", key, actor=actor, owner=str(owner))
        return key, token

    def matching(self, token: str) -> ApiKey | None:
        """The usable key for a token sent by a client, or None."""
        return self.usable().select_related("owner").filter(digest=digest_of(token)).first()

    def meant_by(self, token: str) -> ApiKey | None:
        """The key that a wrong token begins like, whatever its state."""
        prefix = token.partition(".")[0]
        is_prefix = len(prefix) == PREFIX_LENGTH
        return self.select_related("owner").filter(prefix=prefix).first() if is_prefix else None

    def record_refusal(self, key: ApiKey | None, token: str) -> bool:
        """Record that a token was refused: of which key, if its beginning is that of one.

        Never the token, nor any other part of it. False if there was such a line a minute ago.
        """
        reason = key.reason_to_refuse(token) if key else "unknown key"
        line = AuditLog.objects.record_once("apikey.refused", key, reason=reason)
        return line is not None

    def ending(self, at: datetime | None = None) -> Self:
        """Usable keys that expire within the next 14 days, the next one first."""
        now = at or timezone.now()
        return self.usable(now).filter(expires_at__lte=now + NOTICE).order_by("expires_at", "pk")

    def record_ending(self) -> None:
        """Record once for each key that it expires soon. Called every minute."""
        for key in self.ending().filter(noticed_at=None).select_related("owner")[:100]:
            key.record_ending()

    def revoke_all(self, reason: str) -> None:
        """Revoke those of these keys that are usable but for their owner, each with its line."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        for key in self.filter(unexpired, revoked_at=None).select_related("owner"):
            key.end(reason=reason)


def _check_active(owner: User) -> None:
    """Wait for whoever is changing the owner: their keys may be about to be revoked."""
    if not User.objects.select_for_update().filter(pk=owner.pk, is_active=True).first():
        raise Refused(f"{owner} is inactive. Only active users can have API keys.")


def default_end() -> datetime:
    """When a key expires for which nobody names an end."""
    return timezone.now() + timedelta(days=settings.API_KEY_DAYS)


def validate_future(value: datetime) -> None:
    if value <= timezone.now():
        raise ValidationError("This time is in the past.")


def digest_of(token: str) -> str:
    """SHA-256 in hex. A token has 256 random bits, so a slow hash would add no protection."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiKey(models.Model):
    owner = models.ForeignKey(
        User, models.CASCADE, related_name="api_keys", limit_choices_to={"is_active": True}
    )
    name = models.CharField(max_length=80, help_text="What it is for, such as “deploy pipeline”.")
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(
        null=True,
        blank=True,
        validators=[validate_future],
        help_text="When it stops working; empty: never.",
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the audit trail was told that it expires soon.
    noticed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = CreatedAtField()

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        ordering = ["-id"]
        permissions = [
            ("revoke_apikey", "Can revoke API keys"),
            ("view_own_apikey", "Can see and revoke one's own API keys"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def get_absolute_url(self) -> str:
        return reverse("admin:accounts_apikey_change", args=[self.pk])

    def revoke(self, actor: User) -> bool:
        """Revoke the key permanently: one's own, or any as an admin.

        False if it was revoked already.
        """
        if actor.pk != self.owner_id and not actor.has_perm("accounts.revoke_apikey"):
            raise PermissionDenied("Your role does not allow revoking other users' API keys.")
        return self.end(actor=actor)

    @transaction.atomic
    def end(self, *, actor: User | None = None, **details: Any) -> bool:
        """Revoke the key, whoever asks: for what the console itself decides."""
        now = timezone.now()
        if not ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now):
            return False
        self.revoked_at = now
        owner = str(self.owner)
        AuditLog.objects.record("apikey.revoked", self, actor=actor, owner=owner, **details)
        return True

    @transaction.atomic
    def record_ending(self) -> bool:
        """Record that the key expires soon; False if that was done."""
        now = timezone.now()
        if not ApiKey.objects.filter(pk=self.pk, noticed_at=None).update(noticed_at=now):
            return False
        known = {"owner": str(self.owner), "expires_at": self.expires_at}
        AuditLog.objects.record("apikey.expiring", self, **known)
        return True

    def touch(self) -> None:
        """Note that the key was used. Writes nothing: see accounts/last_use.py."""
        LAST_USED.note(self.pk)

    @property
    def time_left(self) -> str:
        """ "9 days", "1 day", "less than a day"; for keys that expire."""
        days = (self.expires_at - timezone.now()).days if self.expires_at else 0
        return f"{days} day{'' if days == 1 else 's'}" if days > 0 else "less than a day"

    @property
    def expires_soon(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now() + NOTICE

    @property
    def is_usable(self) -> bool:
        unexpired = self.expires_at is None or self.expires_at > timezone.now()
        return self.revoked_at is None and unexpired and self.owner.is_active

    def reason_to_refuse(self, token: str) -> str:
        """Why a token with this key's prefix does not work."""
        if not secrets.compare_digest(self.digest, digest_of(token)):
            return "wrong token"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.owner.is_active else "owner inactive"
