"""Retry database writes while the database is temporarily unavailable."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection

from .outages import Outage, is_one_of, trouble_of

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

# The code of MySQL and MariaDB for a missing table: so it seems while partitions are swapped.
SWAPPED = {1146}
PAUSE_SECONDS = 0.5

_outage = Outage("Database", logger)


def is_transient(error: Exception) -> bool:
    """True if the same statement may well succeed in a moment."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, DatabaseError) and (
        trouble_of(error) is not None or is_one_of(error, SWAPPED, ())
    )


def insisting(operation: Callable[[], Result], *, for_seconds: float = 600) -> Result:
    """Run the operation, retrying for up to `for_seconds` while the database is unavailable.

    The operation must be a transaction of its own, or harmless if run twice. Raises the last error
    when time is up, and any other error at once.
    """
    give_up_at = time.monotonic() + for_seconds
    while True:
        try:
            result = operation()
        except DatabaseError as error:
            if not is_transient(error) or time.monotonic() > give_up_at:
                raise
            _outage.note(str(error))
            reconnect()
            time.sleep(PAUSE_SECONDS)
        else:
            _outage.end()
            return result


def reconnect() -> None:
    """Close a connection that may be dead; the next query opens a new one."""
    if not connection.in_atomic_block:
        connection.close()
        # Django never forgets it, and would name it as the cause of later errors.
        connection.rollback_exc = None  # type: ignore[attr-defined]
