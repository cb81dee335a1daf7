"""Health checks for /api/health: the database first, then those of each app."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, Error, connection, connections

from console.collected import Condition, HealthCheck
from console.parts import parts_of
from schema.outages import FULL
from schema.retrying import reconnect

from .databases import mysql_options, sqlite_options
from .outages.known import outage
from .setup_errors import explain_error

# For each answer of the database, so that /api/health answers in 3 seconds.
PATIENCE_SECONDS = 2
# Fails where a write would fail or wait for a lock, and changes nothing.
WRITE_NOTHING = "UPDATE django_session SET expire_date = expire_date WHERE 1 = 0"
# Less free space than this on the disk of a SQLite file counts as none.
LEAST_BYTES = 1_000_000


def examine() -> dict[str, Condition]:
    """{name: condition}. If a basic check such as the database fails, the others are skipped."""
    found = {}
    for check in parts_of(HealthCheck):
        condition = found[check.name] = _without_raising(check.examine)
        if check.is_basis and not condition.is_ok:
            break
    return found


def look_at_database() -> None:
    """Find out whether the database answers, within seconds: notes an outage, or ends it."""
    with impatient_database():
        _without_raising(examine_database)


@contextmanager
def impatient_database() -> Iterator[None]:
    """Within the block, this thread uses a new connection that waits only PATIENCE_SECONDS.

    Does nothing within a transaction, which is a test's.
    """
    usual = connections[DEFAULT_DB_ALIAS]
    if usual.in_atomic_block:
        yield
        return
    hasty = usual.copy()
    if hasty.vendor == "sqlite":
        path = str(hasty.settings_dict["NAME"])
        hasty.settings_dict["OPTIONS"].update(sqlite_options(PATIENCE_SECONDS, path))
    else:
        hasty.settings_dict["OPTIONS"].update(mysql_options(PATIENCE_SECONDS))
    connections[DEFAULT_DB_ALIAS] = hasty
    try:
        yield
    finally:
        hasty.close()
        connections[DEFAULT_DB_ALIAS] = usual


def examine_database() -> Condition:
    """Whether it can be read and, without writing anything, whether it could be written."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
        took = round((time.perf_counter() - started) * 1000, 1)
        cursor.execute(WRITE_NOTHING)
    facts = {"vendor": connection.vendor, "milliseconds": took}
    if _is_disk_full():
        return Condition(FULL.sentence, facts)
    outage.end()
    return Condition(facts=facts)


def _without_raising(examine: Callable[[], Condition]) -> Condition:
    try:
        return examine()
    except Error as error:
        known = outage.note_error(error) or explain_error(error)
        reconnect()
        return Condition(known or f"The database does not answer: {error}")
    except Exception as error:  # Clients of message brokers may raise anything.
        return Condition(f"{type(error).__name__}: {error}")


def _is_disk_full() -> bool:
    """Of SQLite's file; another database's disk may be anywhere."""
    if connection.vendor != "sqlite":
        return False
    folder = Path(str(connection.settings_dict["NAME"])).parent
    return folder.is_dir() and shutil.disk_usage(folder).free < LEAST_BYTES
