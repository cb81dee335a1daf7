"""Tell a database that is away, busy or read-only from a bug, and log an outage once."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, Error, InterfaceError


@dataclass(frozen=True)
class Trouble:
    """A kind of outage: error codes of MySQL and MariaDB, and texts of SQLite in lower case.

    `sentence` may be shown to anybody: it names no host, file or account.
    """

    sentence: str
    codes: frozenset[int]
    texts: tuple[str, ...] = ()

    def is_told_by(self, error: Error) -> bool:
        return is_one_of(error, self.codes, self.texts)


# Server shutting down, connection killed, cannot connect (twice), unknown host, server gone away,
# handshake broken off, connection lost, TLS broken off, connection lost again, idle timeout.
GONE = Trouble(
    "The database does not answer.",
    frozenset({1053, 1927, 2002, 2003, 2005, 2006, 2012, 2013, 2026, 2055, 4031}),
    ("unable to open database file", "connection already closed"),
)
NO_CONNECTION = Trouble("The database has no free connections.", frozenset({1040, 1203}))
READ_ONLY = Trouble(
    "The database is read-only.",
    frozenset({1290, 1836}),
    ("attempt to write a readonly database",),
)
# Error writing a file (twice), disk full, table full for the same reason.
FULL = Trouble(
    "The database cannot write: its disk is full or broken.",
    frozenset({3, 1021, 1026, 1114}),
    ("disk i/o error", "database or disk is full"),
)
# Lock wait timeout, deadlock.
BUSY = Trouble(
    "The database is busy: something else has locked it.",
    frozenset({1205, 1213}),
    ("database is locked", "database table is locked"),
)
TROUBLES = (GONE, NO_CONNECTION, READ_ONLY, FULL, BUSY)
# An error behind an error behind …
DEPTH = 5


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What kind of outage the error tells of; None if it is an error of another kind.

    An error of the database may hide another: a transaction that is broken says only that.
    """
    for each in _chain(error):
        for trouble in TROUBLES:
            if trouble.is_told_by(each):
                return trouble
        # MySQL's driver for a connection that is closed: (0, "").
        if isinstance(each, InterfaceError) and each.args[:1] == (0,):
            return GONE
    return None


def is_one_of(error: Error, codes: frozenset[int] | set[int], texts: tuple[str, ...]) -> bool:
    """True if it has one of the codes (MySQL, MariaDB) or, in lower case, of the texts (SQLite)."""
    code = error.args[0] if error.args else None
    return code in codes or any(text in str(error).lower() for text in texts)


def _chain(error: BaseException | None, depth: int = DEPTH) -> Iterator[Error]:
    """The error and those behind it: the cause that it names, and what was being handled.

    Both count. Django names as the cause of a broken transaction the last error that broke any on
    this connection, which may be one of last week.
    """
    if depth and isinstance(error, DatabaseError | InterfaceError):
        yield error
        yield from _chain(error.__context__, depth - 1)
        if error.__cause__ is not error.__context__:
            yield from _chain(error.__cause__, depth - 1)


class Outage:
    """Logs one line when an outage begins and one when it is over, however many failures it has.

    `what` begins both lines: "Database". For several threads.
    """

    def __init__(self, what: str, logger: logging.Logger) -> None:
        self._what = what
        self._logger = logger
        self._lock = threading.Lock()
        self._began_at = 0.0
        self._failures = 0

    @property
    def is_on(self) -> bool:
        return self._began_at > 0

    def note(self, words: str) -> None:
        """Something has failed; `words` are the error's."""
        with self._lock:
            self._failures += 1
            if not self.is_on:
                self._began_at = time.monotonic()
                self._logger.warning("%s unavailable (%s).", self._what, words)

    def end(self) -> None:
        """It works again; does nothing if no outage was on."""
        with self._lock:
            if self.is_on:
                seconds = time.monotonic() - self._began_at
                text = "%s available again, after %.1f s. Failures: %s."
                self._logger.warning(text, self._what, seconds, self._failures)
            self._began_at, self._failures = 0.0, 0
