"""failed_attempts: wrong passwords and API keys in a row, and how long to wait for the next try."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address as parse_address
from ipaddress import ip_network
from itertools import groupby
from math import ceil
from typing import Any, Self, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from audit.context import acting_as, current
from audit.models import AuditLog
from schema.fields import EnumField

from .users import User

# How long the name has to wait after its fifth, sixth … failure in a row, in seconds.
FREE = 5
WAITS = (30, 60, 120, 240, 480, 600)
# Failures in a row are recorded together once no more follow for this long.
QUIET = timedelta(minutes=5)
# Afterwards, a name starts again with all its attempts.
KEPT = timedelta(hours=1)
# Rows kept of each kind; beyond that, the oldest are dropped.
MOST = 10_000
NAMES_IN_A_LINE = 20

Answer = TypeVar("Answer")


class TooManyAttempts(ValidationError):
    """The name has to wait; `seconds` says how long."""

    def __init__(self, until: datetime) -> None:
        self.seconds = max(1, ceil((until - timezone.now()).total_seconds()))
        words = f"Too many failed attempts. Try again in {_in_words(self.seconds)}."
        super().__init__(words, code="blocked")


class FailedAttemptsQuerySet(models.QuerySet["FailedAttempts"]):
    def trying(
        self,
        kind: FailedAttempts.Kind,
        name: str,
        check: Callable[[], Answer | None],
        *,
        source: str = "",
    ) -> Answer | None:
        """What `check()` returns: None or False is a failure. Success clears the failures before.

        The attempt is counted before the check, so that attempts at the same moment are limited
        too. Raises TooManyAttempts instead of checking while the name has to wait.
        """
        rows = self.begin(kind, name, source)
        answer = check()
        if answer:
            rows.clear()
        elif row := rows.filter(blocked_until__gt=timezone.now()).first():
            record_failures([row])
        return answer

    def begin(self, kind: FailedAttempts.Kind, name: str, source: str = "") -> Self:
        """Count an attempt from this source, by default the current address. Returns its row.

        Raises TooManyAttempts if the name has to wait.
        """
        address = source or _network(current().ip_address)
        who = {"kind": kind, "name": _plain(name), "address": address}
        rows = self.filter(**who)
        while not rows._count():
            row = rows.first()
            if row is None:
                self._start(who)
                return rows
            if row.is_over:
                rows.forget()
            elif row.blocked_until is not None and row.is_blocked:
                rows.update(refused=F("refused") + 1)
                raise TooManyAttempts(row.blocked_until)
        return rows

    def clear(self) -> None:
        """The secret was right: record what failed before it, and forget it."""
        self.mark_told()  # This attempt was counted too.
        self.forget()

    def mark_told(self) -> None:
        """The attempt that was just counted has its own audit line already."""
        self.update(untold=F("untold") - 1)

    @transaction.atomic
    def forget(self) -> None:
        """Record what is not recorded yet, and delete the rows."""
        rows = list(self.select_for_update())
        record_failures(rows)
        self.filter(pk__in=[row.pk for row in rows]).delete()

    def tidy(self) -> None:
        """Record series of failures that have ended, and drop old rows. Called every minute."""
        now = timezone.now()
        untold = Q(untold__gt=0) | Q(refused__gt=0)
        record_failures(list(self.filter(untold, last_at__lt=now - QUIET)[:1000]))
        self.filter(last_at__lt=now - KEPT, untold__lte=0, refused=0).delete()

    def _count(self) -> int:
        """Count the attempt in the row, unless it is over or blocked: 1 or 0."""
        now = timezone.now()
        is_open = Q(blocked_until=None) | Q(blocked_until__lte=now)
        # MySQL evaluates assignments one after the other: the count has to change last.
        return self.filter(is_open, last_at__gte=now - KEPT).update(
            blocked_until=_blocked_until(now),
            untold=F("untold") + 1,
            last_at=now,
            count=F("count") + 1,
        )

    def _start(self, who: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                self.create(**who, count=1, untold=1)
        except IntegrityError:  # another process has just created it
            self.begin(who["kind"], who["name"], who["address"])
            return
        beyond = self.filter(kind=who["kind"]).order_by("-last_at").values_list("pk", flat=True)
        if excess := list(beyond[MOST : MOST + 100]):
            self.filter(pk__in=excess).forget()


def _blocked_until(now: datetime) -> Case:
    """When the attempt that is being counted has to be over, if it fails."""
    waits = [
        When(count=FREE - 1 + place, then=Value(now + timedelta(seconds=seconds)))
        for place, seconds in enumerate(WAITS)
    ]
    longest = When(count__gte=FREE - 1 + len(WAITS), then=Value(now + timedelta(seconds=WAITS[-1])))
    return Case(*waits, longest, default=None, output_field=models.DateTimeField(null=True))


def record_failures(rows: Iterable[FailedAttempts]) -> None:
    """Record failures that are not recorded yet: one line for each kind and address."""
    alike = sorted(rows, key=FailedAttempts.source)
    for (kind, address), series in groupby(alike, key=FailedAttempts.source):
        with transaction.atomic():
            if claimed := [row for row in series if row.claim()]:
                _record(kind, address, claimed)


def _record(kind: str, address: str, rows: list[FailedAttempts]) -> None:
    details = {
        **_who(kind, [row.name for row in rows]),
        "attempts": sum(row.untold for row in rows),
        "refused": sum(row.refused for row in rows),
        "since": min(row.started_at for row in rows),
    }
    ip_address = _address(address)
    if address and not ip_address:
        details["source"] = address
    now = current()
    with acting_as(now.user, ip_address=ip_address, user_agent=now.user_agent, via=now.via):
        if kind == FailedAttempts.Kind.LOG_IN:
            AuditLog.objects.record("user.login_failed", **details)
        elif kind == FailedAttempts.Kind.PASSWORD:
            AuditLog.objects.record("user.password_refused", **details)
        else:
            AuditLog.objects.record("apikey.refused", **details)


def _who(kind: str, names: list[str]) -> dict[str, Any]:
    is_key = kind == FailedAttempts.Kind.API_KEY
    names = [name or "unknown" for name in names]
    if len(names) == 1:
        return {"prefix" if is_key else "username": names[0]}
    listed = "prefixes" if is_key else "usernames"
    return {listed: names[:NAMES_IN_A_LINE], "names": len(names)}


class FailedAttempts(models.Model):
    class Kind(models.TextChoices):
        LOG_IN = "login", "Login"
        PASSWORD = "password", "Password"
        API_KEY = "api-key", "API key"

    kind = EnumField(choices=Kind.choices)
    name = models.CharField("user name or key", max_length=80)
    address = models.CharField(max_length=45, blank=True)
    count = models.PositiveIntegerField("failures in a row", default=0)
    # Failures, and attempts refused without a check, that no audit line has yet.
    untold = models.IntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField("last attempt", default=timezone.now)
    blocked_until = models.DateTimeField(null=True, blank=True)

    objects = FailedAttemptsQuerySet.as_manager()

    class Meta:
        db_table = "failed_attempts"
        verbose_name = verbose_name_plural = "failed attempts"
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name", "address"], name="uq_failed_attempts_who"
            )
        ]
        indexes = [
            models.Index(fields=["kind", "last_at"], name="idx_failed_attempts_kind"),
            models.Index(fields=["last_at"], name="idx_failed_attempts_last"),
        ]
        permissions = [("clear_failedattempts", "Can end the wait after failed attempts")]

    def __str__(self) -> str:
        where = f" from {self.address}" if self.address else ""
        return f"{self.get_kind_display()} of {self.name or 'unknown'}{where}"

    # Verbs

    @transaction.atomic
    def unblock(self, actor: User) -> bool:
        """End the wait: the name has all its attempts again. False if the row is gone."""
        if not actor.has_perm("accounts.clear_failedattempts"):
            raise PermissionDenied("Your role does not allow ending a wait.")
        row = FailedAttempts.objects.filter(pk=self.pk)
        if not row.exists():
            return False
        row.forget()
        who = {"kind": self.kind, "username": self.name, "address": self.address}
        AuditLog.objects.record("failedattempts.cleared", self, actor=actor, **who)
        return True

    def claim(self) -> bool:
        """Mark what is untold as recorded; False if somebody else has, or there is nothing."""
        if self.untold <= 0 and not self.refused:
            return False
        same = FailedAttempts.objects.filter(pk=self.pk, untold=self.untold, refused=self.refused)
        return bool(same.update(untold=0, refused=0, started_at=timezone.now()))

    # Questions

    def source(self) -> tuple[str, str]:
        return self.kind, self.address

    @property
    def is_over(self) -> bool:
        return self.last_at < timezone.now() - KEPT

    @property
    def is_blocked(self) -> bool:
        return self.blocked_until is not None and self.blocked_until > timezone.now()


def _plain(name: str) -> str:
    """The name as users are looked up by."""
    return User.normalize_username(name).strip().lower()[:80]


def _network(address: str | None) -> str:
    """Whoever has an IPv6 address has all of its /64: they count as one."""
    if not address:
        return ""
    found = parse_address(address)
    return address if found.version == 4 else str(ip_network(f"{address}/64", strict=False))


def _address(network: str) -> str | None:
    """An address of the network; None for another source of attempts."""
    address = network.partition("/")[0]
    try:
        return str(parse_address(address))
    except ValueError:
        return None


def _in_words(seconds: int) -> str:
    """Rounded up to tens of seconds, or to minutes."""
    if seconds <= 50:
        return f"{ceil(seconds / 10) * 10} seconds"
    minutes = ceil(seconds / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
