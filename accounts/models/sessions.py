"""sessions: who is logged in, from where, and when they were last active."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Self

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone

from accounts.last_use import LastUse
from audit.context import acting_for
from audit.models import AuditLog
from audit.stories.clients import client_in_words
from schema.fields import CreatedAtField

from .users import User

LAST_SEEN = LastUse("accounts.Session", key="session_key", field="last_seen_at")


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self, at: datetime | None = None) -> Self:
        """Sessions of users that have neither expired nor been idle for too long."""
        now = at or timezone.now()
        return self.filter(expire_date__gt=now, last_seen_at__gt=now - idle_time()).exclude(
            user=None
        )

    @transaction.atomic
    def end_of(self, user: User, actor: User, *, but: str | None = None) -> int:
        """End all sessions of a user, except the one with the key `but`. Returns how many."""
        check_may_end(actor, user.pk)
        return self.filter(user=user).exclude(session_key=but or "").drop(user, actor=actor)

    def drop(self, user: User, *, actor: User | None = None, reason: str = "") -> int:
        """Delete these sessions of the user, with one audit line. Returns how many were open."""
        count = self.open().count()
        self.delete()
        if count:
            why = {"reason": reason} if reason else {}
            AuditLog.objects.record("user.sessions_ended", user, actor=actor, sessions=count, **why)
        return count

    def forget_ended(self) -> None:
        """Delete sessions that have ended by themselves. Called every minute."""
        now = timezone.now()
        self.filter(expire_date__lte=now).delete()
        self.filter(last_seen_at__lte=now - idle_time()).delete()


def idle_time() -> timedelta:
    """How old `last_seen_at` may get. It is written a little later than it was (last_use.py)."""
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES, seconds=settings.LAST_USE_SECONDS)


def check_may_end(actor: User, user_id: int | None) -> None:
    if actor.pk != user_id and not actor.has_perm("accounts.end_session"):
        raise PermissionDenied("Your role does not allow ending other users' sessions.")


class Session(AbstractBaseSession):
    # The key is what a browser proves its session with, so pages and the API use `id`.
    id = models.AutoField(primary_key=True)
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    ip_address = models.CharField("address", max_length=45, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)
    created_at = CreatedAtField("logged in")
    last_seen_at = models.DateTimeField("last active", default=timezone.now, db_index=True)

    objects = SessionQuerySet.as_manager()  # type: ignore[misc,assignment]

    class Meta:
        db_table = "sessions"
        ordering = ["-last_seen_at", "-id"]
        permissions = [
            ("view_own_session", "Can see and end one's own sessions"),
            ("end_session", "Can end other users' sessions"),
        ]

    def __str__(self) -> str:
        where = f" at {self.ip_address}" if self.ip_address else ""
        return f"{self.client or 'unknown client'}{where}"

    @classmethod
    def get_session_store_class(cls) -> type[Any]:
        return import_module(settings.SESSION_ENGINE).SessionStore

    @transaction.atomic
    def end(self, actor: User) -> bool:
        """Log this browser out: one's own session, or any as an admin. False if it had ended."""
        check_may_end(actor, self.user_id)
        known = {"owner": str(self.user), "address": self.ip_address, "client": self.client}
        deleted, _by_model = Session.objects.filter(pk=self.pk).delete()
        if not deleted:
            return False
        with acting_for(actor):
            AuditLog.objects.record("session.ended", self, **known)
        return True

    @property
    def client(self) -> str:
        return client_in_words(self.user_agent)

    @property
    def is_open(self) -> bool:
        now = timezone.now()
        return self.expire_date > now and not self.was_idle(now)

    def was_idle(self, now: datetime) -> bool:
        """True if nobody has used it for too long, by what all processes have written down.

        Also counts what only this process knows yet.
        """
        seen = LAST_SEEN.noted(self.session_key) or self.last_seen_at
        return max(seen, self.last_seen_at) <= now - idle_time()
