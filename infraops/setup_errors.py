"""Errors of an incomplete set-up, explained in a sentence that says what to run."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from schema.outages import is_one_of, trouble_of

MIGRATE = ".venv/bin/python manage.py migrate"
# Error codes of MySQL and MariaDB: no such table, unknown column.
LACKING = {1146, 1054}
LACKING_TEXTS = ("no such table", "no such column", "has no column named")
# Unknown database, access denied, no server at this socket or address, unknown host.
UNREACHABLE = {1044, 1045, 1049, 2002, 2003, 2005}
NO_FILE = ("unable to open database file",)
UNREACHABLE_TEXTS = (*NO_FILE, "file is not a database")


def explain_error(error: BaseException | None) -> str:
    """What is missing and what to do about it; "" for other kinds of errors."""
    if isinstance(error, ImproperlyConfigured):
        return f"{error}. `make env` writes a .env with what is required; see .env.example."
    if not isinstance(error, DatabaseError):
        return ""
    if is_one_of(error, LACKING, LACKING_TEXTS):
        return f"The database is not up to date ({_words(error)}). Run: {MIGRATE}"
    if is_one_of(error, UNREACHABLE, UNREACHABLE_TEXTS):
        said = f"The database cannot be opened ({_words(error)}). Check DATABASE_URL in .env."
        return (
            f"{said} If it is a new one: Run: {MIGRATE}"
            if is_one_of(error, set(), NO_FILE)
            else said
        )
    return ""


def _words(error: DatabaseError) -> str:
    """The message without the number that MySQL's driver puts first."""
    return str(error.args[-1] if error.args else error)


class WithoutTraceback(logging.Filter):
    """Logs one line without a traceback for an error of the set-up or an outage of the database.

    Nothing for a request that an outage fails or refuses, as infraops/outages has logged it, nor
    for each look of a monitor at what is not healthy.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        is_refused = error is None and getattr(record, "status_code", 0) == 503
        if record.name == "django.request" and (is_refused or trouble_of(error)):
            return False
        if sentence := explain_error(error):
            record.msg, record.args, record.exc_info = "%s", (sentence,), None
        elif trouble := trouble_of(error):
            text = f"{record.getMessage()}: {trouble.sentence} ({error})"
            record.msg, record.args, record.exc_info = "%s", (text,), None
        return True
