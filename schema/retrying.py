"""Writing to a database that may be away for a while."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

# MySQL's and MariaDB's numbers: table gone while partitions are swapped; too many connections;
# server shutting down; lock wait timeout; deadlock; killed; cannot connect; gone away; lost; idle.
AWAY = {1146, 1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 4031}
# It answers and takes no writes: error writing a file (twice), disk full, table full for the same
# reason, read-only (twice: while another server takes over).
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
    """Whether the same statement may well work in a moment."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    number = error.args[0] if error.args else None
    return number in TRANSIENT or any(text in str(error).lower() for text in TRANSIENT_TEXTS)


def insisting(operation: Callable[[], Result], *, for_seconds: float = 600) -> Result:
    """Do it, again and again while the database is away; the last error after `for_seconds`.

    The operation has to be one transaction of its own, or to be harmless when done twice.
    """
    give_up_at = time.monotonic() + for_seconds
    while True:
        try:
            return operation()
        except DatabaseError as error:
            if not is_transient(error) or time.monotonic() > give_up_at:
                raise
            logger.warning("The database is away (%s): trying again.", error)
            reconnect()
            time.sleep(PAUSE_SECONDS)


def reconnect() -> None:
    """Drop a connection that may be dead; the next query opens a new one."""
    if not connection.in_atomic_block:
        connection.close()
