"""Tells the receivers of a line about it, and lets none of them undo what the line is about."""

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
# Lines that receivers record of lines that receivers have recorded. Two that answer each other
# would else go on until Python's own stack ends, each line twice as many as the one before.
DEEPEST = 5
_depth: ContextVar[int] = ContextVar("depth", default=0)


@dataclass(frozen=True)
class ReceiverFailure:
    """What a receiver ended with: its dotted name, the error's class and its message."""

    receiver: str
    error: str
    message: str

    def as_details(self) -> dict[str, str]:
        return asdict(self)


def announce(
    sender: type[Model], line: AuditLog, resource: Model | None, user: Any
) -> Iterator[ReceiverFailure]:
    """Call each receiver in a savepoint of its own; yields the failures. Two statements a receiver.

    An error that has ended the transaction is raised: nothing of it is left to be kept. So is a
    RecursionError for a line too deep: the receiver that recorded it has failed.
    """
    if _depth.get() >= DEEPEST:
        raise RecursionError(f"Receivers answer each other's lines: {DEEPEST} deep is the most.")
    told: dict[str, Any] = {
        "line": line,
        "action": line.action,
        "object": resource,
        "actor": user if getattr(user, "pk", None) is not None else None,
        "details": line.details,
    }
    # Django's own `send` has one fate for all receivers, and `send_robust` no savepoints.
    receivers, _ = recorded._live_receivers(sender)
    for receiver in receivers:
        try:
            with _one_deeper(), transaction.atomic():
                receiver(signal=recorded, sender=sender, **told)
        except Exception as error:
            # A savepoint that could not be rolled back is gone, and the transaction with it.
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
    """Of what MariaDB can store: half of a character ("\\ud800") becomes its escape."""
    try:
        return str(error).encode(errors="backslashreplace").decode()[:LONGEST_MESSAGE]
    except Exception:  # a ValidationError whose parameters do not fit its text
        return "It has no message: the log of the console has more."


def _dotted_name(receiver: Callable[..., Any]) -> str:
    named = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{named.__module__}.{named.__qualname__}"
