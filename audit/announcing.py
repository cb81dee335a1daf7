"""Call the receivers of an audit line, and let none of them undo the change itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Model

from schema.retrying import is_transient

from .signals import recorded

if TYPE_CHECKING:
    from .models import AuditLog

logger = logging.getLogger(__name__)

LONGEST_MESSAGE = 500
# Receivers may record lines, whose receivers may record lines, and so on. Two that answer each
# other would go on until Python's stack overflows, with twice as many lines at each level.
DEEPEST = 5
_depth: ContextVar[int] = ContextVar("depth", default=0)


@dataclass(frozen=True)
class ReceiverFailure:
    """How a receiver failed: its dotted name, the exception's class and message."""

    receiver: str
    error: str
    message: str

    def as_details(self) -> dict[str, str]:
        return asdict(self)


def announce(
    sender: type[Model], line: AuditLog, resource: Model | None, user: Any
) -> Iterator[ReceiverFailure]:
    """Call each receiver in its own savepoint and yield failures. Two statements per receiver.

    Raises errors that ended the transaction, as nothing of it remains. Raises RecursionError for a
    line nested too deeply, so that the receiver that recorded it counts as failed.
    """
    if _depth.get() >= DEEPEST:
        raise RecursionError(f"Audit receivers trigger each other more than {DEEPEST} levels deep.")
    told: dict[str, Any] = {
        "line": line,
        "action": line.action,
        "object": resource,
        "actor": user if getattr(user, "pk", None) is not None else None,
        "details": line.details,
    }
    # Django's `send` stops at the first error, and `send_robust` has no savepoints.
    receivers, _ = recorded._live_receivers(sender)
    for receiver in receivers:
        try:
            with _one_deeper(), transaction.atomic():
                receiver(signal=recorded, sender=sender, **told)
        except Exception as error:
            # If the savepoint could not be rolled back, the transaction is lost too.
            if is_transient(error) or connection.needs_rollback:
                raise
            name = _dotted_name(receiver)
            logger.exception("%s failed after %s (audit line %s)", name, line.action, line.pk)
            yield ReceiverFailure(name, type(error).__name__, _message_of(error))


@contextmanager
def _one_deeper() -> Iterator[None]:
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)


def _message_of(error: Exception) -> str:
    """The message, shortened; lone surrogates, which MariaDB cannot store, become escapes."""
    try:
        return str(error).encode(errors="backslashreplace").decode()[:LONGEST_MESSAGE]
    except Exception:  # e.g. a ValidationError whose params do not fit its message
        return "No message. The console's log has the details."


def _dotted_name(receiver: Callable[..., Any]) -> str:
    named = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{named.__module__}.{named.__qualname__}"
