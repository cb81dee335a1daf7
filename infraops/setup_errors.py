"""Errors of an incomplete set-up, explained in a sentence that says what to run."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from schema.retrying import is_one_of

MIGRATE = ".venv/bin/python manage.py migrate"
# Error codes of MySQL and MariaDB: no such table, unknown column.
LACKING = {1146, 1054}
LACKING_TEXTS = ("no such table", "no such column", "has no column named")
# Unknown database, access denied, no server at this socket or address, unknown host.
UNREACHABLE = {1044, 1045, 1049, 2002, 2003, 2005}
UNREACHABLE_TEXTS = ("unable to open database file", "file is not a database")


def explain_error(error: BaseException | None) -> str:
    """What is missing and what to do about it; "" for other kinds of errors."""
    if isinstance(error, ImproperlyConfigured):
        return f"{error}. `make env` writes a .env with what is required; see .env.example."
    if not isinstance(error, DatabaseError):
        return ""
    if is_one_of(error, LACKING, LACKING_TEXTS):
        return f"The database is not up to date ({_words(error)}). Run: {MIGRATE}"
    if is_one_of(error, UNREACHABLE, UNREACHABLE_TEXTS):
        return f"The database cannot be opened ({_words(error)}). Check DATABASE_URL in .env."
    return ""


def _words(error: DatabaseError) -> str:
    """The message without the number that MySQL's driver puts first."""
    return str(error.args[-1] if error.args else error)


class WithoutTraceback(logging.Filter):
    """Logs one line for a request that fails because of the set-up."""

    def filter(self, record: logging.LogRecord) -> bool:
        sentence = explain_error(record.exc_info[1] if record.exc_info else None)
        if sentence:
            record.msg, record.args, record.exc_info = "%s", (sentence,), None
        return True
