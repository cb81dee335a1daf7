"""Retry database writes while the database is temporarily unavailable."""

import logging
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

# Error codes of MySQL and MariaDB: table missing while partitions are swapped, too many
# connections, server shutting down, lock wait timeout, deadlock, connection killed, cannot connect,
# server gone away, connection lost, idle timeout.
AWAY = {1146, 1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 4031}
# The server answers but accepts no writes: error writing a file (twice), disk full, table full for
# the same reason, read-only (twice: while another server takes over).
TAKES_NO_WRITES = {3, 1026, 1021, 1114, 1290, 1836}
TRANSIENT = AWAY | TAKES_NO_WRITES
TRANSIENT_TEXTS = (
    "database is locked",
    "database table is locked",
    "disk i/o error",
    "database or disk is full",
    "attempt to write a readonly database",
)
PAUSE_SECONDS = 0.5


def is_transient(error: Exception) -> bool:
    """True if the same statement may well succeed in a moment."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, DatabaseError) and is_one_of(error, TRANSIENT, TRANSIENT_TEXTS)


def is_one_of(error: DatabaseError, codes: Collection[int], texts: Collection[str]) -> bool:
    """True if it has one of the codes (MySQL, MariaDB) or, in lower case, of the texts (SQLite)."""
    code = error.args[0] if error.args else None
    return code in codes or any(text in str(error).lower() for text in texts)


def insisting(operation: Callable[[], Result], *, for_seconds: float = 600) -> Result:
    """Run the operation, retrying for up to `for_seconds` while the database is unavailable.

    The operation must be a transaction of its own, or harmless if run twice. Raises the last error
    when time is up, and any other error at once.
    """
    give_up_at = time.monotonic() + for_seconds
    while True:
        try:
            return operation()
        except DatabaseError as error:
            if not is_transient(error) or time.monotonic() > give_up_at:
                raise
            logger.warning("Database unavailable (%s), retrying.", error)
            reconnect()
            time.sleep(PAUSE_SECONDS)


def reconnect() -> None:
    """Close a connection that may be dead; the next query opens a new one."""
    if not connection.in_atomic_block:
        connection.close()
