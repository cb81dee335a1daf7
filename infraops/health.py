"""Health checks for /api/health: the database first, then those of each app."""

import time
from collections.abc import Callable

from django.db import Error, connection

from console.collected import Condition, HealthCheck
from console.parts import parts_of
from schema.retrying import reconnect

from .setup_errors import explain_error


def examine() -> dict[str, Condition]:
    """{name: condition}. If a basic check such as the database fails, the others are skipped."""
    found = {}
    for check in parts_of(HealthCheck):
        condition = found[check.name] = _without_raising(check.examine)
        if check.is_basis and not condition.is_ok:
            break
    return found


def _without_raising(examine: Callable[[], Condition]) -> Condition:
    try:
        return examine()
    except Error as error:
        reconnect()
        return Condition(explain_error(error) or f"The database does not answer: {error}")
    except Exception as error:  # Clients of message brokers may raise anything.
        return Condition(f"{type(error).__name__}: {error}")


def examine_database() -> Condition:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    took = round((time.perf_counter() - started) * 1000, 1)
    return Condition(facts={"vendor": connection.vendor, "milliseconds": took})
