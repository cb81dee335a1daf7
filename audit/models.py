"""audit_logs: who did what to which object; audit_seals. Written once, never changed."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from typing import Any, Self, cast

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, models, transaction
from django.db.models import Model, Q
from django.db.models.functions import Now
from django.utils import timezone

from console.objects import identity_of
from schema.batches import in_batches
from schema.exceptions import Refused
from schema.fields import EncryptedTextField
from schema.secret_names import is_secret_name

from . import context
from .announcing import ReceiverFailure, announce
from .edits import changes_of
from .redaction import masked_like, redacted
from .signals import recorded

logger = logging.getLogger(__name__)

# A line in a seal: its id, and the beginning of its SHA-256.
SEALED_LINE = struct.Struct(">q16s")


class AuditLogQuerySet(models.QuerySet["AuditLog"]):
    def record(
        self, action: str, resource: Model | None = None, *, actor: Any = None, **details: Any
    ) -> AuditLog:
        """Write one line: `record("ticket.resolved", ticket, actor=alice, note="…")`.

        The default actor is that of the current request or task. The names of actor and object are
        kept in `details`, so that the line stays readable after they are deleted. Sends
        signals.recorded; without receivers that costs no query.
        """
        user = actor if actor is not None else context.current().user
        sender = resource._meta.model if resource is not None else AuditLog
        if not recorded.has_listeners(sender):
            return self._write(action, resource, user, details)
        with transaction.atomic(savepoint=False):
            line = self._write(action, resource, user, details)
            for failure in announce(sender, line, resource, user):
                self._record_failure(failure, line, resource)
        return line

    def record_once(
        self, action: str, resource: Model | None = None, **details: Any
    ) -> AuditLog | None:
        """Record what strangers can cause: one line a minute for each action, object and address.

        None if there is such a line already, or if the database takes no writes: a refusal must not
        turn into an error.
        """
        alike = self.filter(
            action=action,
            timestamp__gt=timezone.now() - timedelta(minutes=1),
            ip_address=context.current().ip_address,
            resource_id=identity_of(resource),
        )
        try:
            with transaction.atomic():
                return None if alike.exists() else self.record(action, resource, **details)
        except DatabaseError as error:
            logger.warning("“%s” could not be recorded: %s", action, error)
            return None

    def record_edits(self, edits: Iterable[tuple[Model | None, Model]]) -> None:
        """Record rows that were written in bulk, as django-auditlog records each that is saved.

        Takes pairs of the row before (None: it is new) and after, of one model. No query for each,
        unless somebody listens.
        """
        found = [
            (row, action, details)
            for row, action, changes in changes_of(edits)
            if (details := _edit_details(row, changes))
        ]
        if not found:
            return
        if recorded.has_listeners(found[0][0]._meta.model):
            for row, action, details in found:
                self.record(_named(row, action), row, **details)
            return
        user = context.current().user
        lines = (
            self._line(_named(row, action), row, user, _redacted_edit(details))
            for row, action, details in found
        )
        for batch in in_batches(lines, lambda line: line.details):
            self.bulk_create(cast(list[Any], batch))

    def _write(
        self, action: str, resource: Model | None, user: Any, details: dict[str, Any]
    ) -> AuditLog:
        line = self._line(action, resource, user, redacted(details))
        line.save(force_insert=True)
        return line

    def _line(
        self, action: str, resource: Model | None, user: Any, details: dict[str, Any]
    ) -> AuditLog:
        """The line, not yet written; `details` are redacted."""
        acting = context.current()
        named = {**details, "actor": _name(user), "actor_id": getattr(user, "pk", None)}
        if resource is not None:
            named["object"] = str(resource)
        if via := acting.via():
            named["via"] = via
            if via.startswith("command "):
                named["terminal"] = context.terminal()
        # People may delete themselves: then there is no row that the line could point to.
        is_gone = action.endswith(".deleted") and resource is not None and resource == user
        return self.model(
            user_id=None if is_gone else getattr(user, "pk", None),
            action=action,
            resource_type=resource._meta.model_name if resource is not None else "",
            resource_id=identity_of(resource),
            details=named,
            ip_address=acting.ip_address,
            user_agent=acting.user_agent,
        )

    def _record_failure(
        self, failure: ReceiverFailure, line: AuditLog, resource: Model | None
    ) -> None:
        """Record a receiver's failure beside the line it was for.

        This line is not announced: a receiver that always fails would otherwise never stop.
        """
        details = {**failure.as_details(), "after": line.action}
        self._write("receiver.failed", resource, context.current().user, details)

    def about(self, resource: Model) -> Self:
        """All lines about one object, newest first."""
        return self.filter(
            resource_type=resource._meta.model_name, resource_id=identity_of(resource)
        ).newest_first()

    def newest_first(self) -> Self:
        return self.order_by("-timestamp", "-id")

    def older_than(self, line: AuditLog) -> Self:
        """Lines before this one, newest first."""
        earlier = Q(timestamp__lt=line.timestamp) | Q(timestamp=line.timestamp, id__lt=line.pk)
        return self.filter(earlier, timestamp__lte=line.timestamp).newest_first()

    def newer_than(self, line: AuditLog) -> Self:
        """Lines after this one, oldest first."""
        later = Q(timestamp__gt=line.timestamp) | Q(timestamp=line.timestamp, id__gt=line.pk)
        return self.filter(later, timestamp__gte=line.timestamp).order_by("timestamp", "id")

    def log_create(
        self, instance: Model, *, action: str, changes: dict | None = None, **kwargs: Any
    ) -> AuditLog | None:
        """Called by django-auditlog after a record was edited. None if nothing changed.

        Secrets are not recorded, only which of them were set or cleared.
        """
        details = _edit_details(instance, changes or {})
        return self.record(_named(instance, action), instance, **details) if details else None

    def log_m2m_changes(
        self, changed_queryset: Any, instance: Model, operation: str, field_name: str
    ) -> AuditLog | None:
        """Called by django-auditlog when rows are added to or removed from a many-to-many field."""
        names = [str(row) for row in changed_queryset]
        if not names:
            return None
        details = {f"{field_name}_{'added' if operation == 'add' else 'removed'}": names}
        return self.record(f"{instance._meta.model_name}.updated", instance, **details)


def _named(row: Model, action: str) -> str:
    return f"{row._meta.model_name}.{action}"


def _edit_details(row: Model, changes: dict[str, Any]) -> dict[str, Any]:
    """What a line says about these changes, {field: (before, after)}; {} if nothing changed."""
    # For a new row django-auditlog also lists reverse relations: "jobs", from None to
    # "automation.Job.None".
    columns = {field.name for field in row._meta.concrete_fields}
    changes = {
        name: [masked_like(before, after), after]
        for name, (before, after) in changes.items()
        if name in columns
    }
    secrets = {
        field.name: changes.pop(field.name)
        for field in row._meta.concrete_fields
        if isinstance(field, EncryptedTextField) and field.name in changes
    }
    given = [name for name, (_before, after) in secrets.items() if after]
    cleared = [name for name, (before, after) in secrets.items() if before and not after]
    said = {"changes": changes, "given": given, "cleared": cleared}
    return {name: value for name, value in said.items() if value}


def _redacted_edit(details: dict[str, Any]) -> dict[str, Any]:
    """As `redacted` does, which takes long for the many plain columns of many rows."""
    changes = {
        name: redacted({name: pair})[name] if is_secret_name(name) or _is_deep(pair) else pair
        for name, pair in details.get("changes", {}).items()
    }
    return {**details, **({"changes": changes} if changes else {})}


def _is_deep(pair: list[Any]) -> bool:
    return any(isinstance(each, dict | list | tuple) for each in pair)


def _name(user: Any) -> str:
    """The actor's name: "system" outside requests, "anonymous" before login."""
    if getattr(user, "pk", None) is not None:
        return str(user)
    return "anonymous" if getattr(user, "is_anonymous", False) else "system"


class AuditLog(models.Model):
    class Action:
        """The verbs that django-auditlog passes to `log_create`."""

        CREATE = "created"
        UPDATE = "updated"
        DELETE = "deleted"
        ACCESS = "accessed"

    id = models.BigAutoField(primary_key=True)
    # DO_NOTHING here, SET NULL in the database: the application's database account then needs no
    # right to update this table, and the triggers allow exactly this change.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_index=False,
        related_name="audit_logs",
    )
    action = models.CharField(max_length=100)
    resource_type = models.CharField(max_length=50, blank=True)
    resource_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    details = models.JSONField(default=dict, db_default={}, encoder=DjangoJSONEncoder)
    ip_address = models.CharField(max_length=45, null=True, blank=True)  # noqa: DJ001
    user_agent = models.CharField(max_length=255, blank=True, default="", db_default="")
    timestamp = models.DateTimeField(default=timezone.now, db_default=Now())

    objects = AuditLogQuerySet.as_manager()

    class Meta:
        db_table = "audit_logs"
        verbose_name = "audit line"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user"], name="idx_audit_user"),
            models.Index(fields=["action"], name="idx_audit_action"),
            models.Index(fields=["resource_type"], name="idx_audit_resource_type"),
            models.Index(fields=["timestamp"], name="idx_audit_timestamp"),
            models.Index(fields=["resource_type", "resource_id"], name="idx_audit_resource"),
            models.Index(fields=["action", "timestamp"], name="idx_audit_action_time"),
            models.Index(
                fields=["resource_type", "resource_id", "timestamp"],
                name="idx_audit_resource_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_name}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Refused("An audit line is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Refused("An audit line is never deleted.")

    @property
    def actor_name(self) -> str:
        return str(self.details.get("actor") or "system")

    @property
    def object_name(self) -> str:
        return str(self.details.get("object") or "")

    def siblings(self) -> AuditLogQuerySet:
        """All lines about the same object, including this one; none if it is about no object."""
        if self.resource_id is None:
            return AuditLog.objects.none()
        return AuditLog.objects.filter(
            resource_type=self.resource_type, resource_id=self.resource_id
        )


class SealQuerySet(models.QuerySet["Seal"]):
    def newest(self) -> Seal | None:
        return self.order_by("-id").first()

    def light(self) -> Self:
        """Without `digests`, which take up to 120 kB a row."""
        return self.defer("digests")

    def in_order(self, after: int = 0, at_once: int = 20) -> Iterator[Seal]:
        """All of them, a few at a time: MySQL's driver would fetch every row at once."""
        while batch := list(self.filter(id__gt=after).order_by("id")[:at_once]):
            yield from batch
            after = batch[-1].pk


class Seal(models.Model):
    """Seals the lines of a range of ids, together with the seal before it.

    `digests` has the id and 16 bytes of the SHA-256 of each line (audit/seals/lines.py), so that
    the line that was changed can be named. `sha256` covers all other columns but `signature`.
    """

    id = models.BigAutoField(primary_key=True)
    # The first one begins at 1, each other one where the last one ended: without gaps.
    from_id = models.BigIntegerField(unique=True)
    to_id = models.BigIntegerField()
    lines = models.IntegerField()
    digests = models.BinaryField()
    # The sha256 of the seal before; empty for the first.
    previous = models.CharField(max_length=64, unique=True)
    sha256 = models.CharField(max_length=64)
    # HMAC of `sha256` with a key that the database does not have (audit/seals/signing.py).
    signature = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    objects = SealQuerySet.as_manager()

    class Meta:
        db_table = "audit_seals"
        verbose_name = "audit seal"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Seal {self.pk} (lines {self.from_id} to {self.to_id})"

    @property
    def is_whole(self) -> bool:
        """True if its columns are those that `sha256` was made of."""
        if not self.has_range or len(self.digests) % SEALED_LINE.size:
            return False
        try:
            return self.sha256 == self.computed_sha256()
        except (AttributeError, TypeError, ValueError, OverflowError):
            return False  # a text for the digests, no time …

    @property
    def has_range(self) -> bool:
        """True if its numbers are numbers: SQLite stores anything in any column."""
        return all(isinstance(each, int) for each in (self.from_id, self.to_id, self.lines))

    def computed_sha256(self) -> str:
        named = ["seal", self.previous, self.from_id, self.to_id, self.lines]
        head = json.dumps([*named, self.sealed_at.astimezone(UTC).isoformat(" ", "microseconds")])
        return hashlib.sha256(head.encode() + b"\n" + bytes(self.digests)).hexdigest()

    def sealed_lines(self) -> Iterator[tuple[int, bytes]]:
        """The (id, beginning of the SHA-256) of each line, in order."""
        return SEALED_LINE.iter_unpack(bytes(self.digests))

    @staticmethod
    def pack(lines: Iterable[tuple[int, bytes]]) -> bytes:
        """`digests` for these (id, SHA-256)."""
        return b"".join(SEALED_LINE.pack(pk, digest[:16]) for pk, digest in lines)
