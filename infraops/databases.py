"""Database options that make all databases behave alike.

SQLite: WAL and IMMEDIATE transactions. In a deferred transaction, a reader that starts to write
gets "database is locked" at once, whatever the timeout. MySQL and MariaDB: strict mode, sessions in
UTC (CURRENT_TIMESTAMP uses the session's time zone), and one collation everywhere.

Console and worker wait only so long for an answer. Commands such as `migrate` wait without limit:
a statement of theirs may take hours.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from environ import Env

COLLATION = "utf8mb4_unicode_ci"
STRICT = (
    "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
CONNECT_SECONDS = 10
SQLITE_SECONDS = 20
# Of manage.py; the console is not a command (see infraops/wsgi.py).
SERVING_COMMANDS = {"run_worker", "run_console", "runserver"}

is_console = False


def parse_url(url: str) -> dict[str, Any]:
    """Parse a DATABASE_URL. A "+" in it is a plus, not a space as in form data."""
    address, mark, options = url.partition("?")
    return dict(Env.db_url_config(address.replace("+", "%2B") + mark + options))


def serves(arguments: Sequence[str] | None = None) -> bool:
    """True for a process that must not wait for its database without limit: console or worker."""
    program, *words = sys.argv if arguments is None else arguments
    return is_console or (
        Path(program).name == "manage.py" and words[:1] != [] and words[0] in SERVING_COMMANDS
    )


def configure_database(database: dict[str, Any], seconds: int | None = None) -> dict[str, Any]:
    """The DATABASES entry for a parsed DATABASE_URL, with the options that its engine needs.

    `seconds` limits how long a statement may take on MySQL and MariaDB; None: it is not limited.
    With it, a SQLite file that is missing is not created.
    """
    if database["ENGINE"].endswith("sqlite3"):
        path = "" if seconds is None else str(database["NAME"])
        defaults: dict[str, Any] = sqlite_options(SQLITE_SECONDS, path)
        test = {}
    else:
        defaults = mysql_options(seconds)
        test = {"CHARSET": "utf8mb4", "COLLATION": COLLATION}
    options = {**defaults, **database.get("OPTIONS", {})}
    return {**database, "OPTIONS": options, "TEST": test, "ATOMIC_REQUESTS": False}


def sqlite_options(seconds: int, existing: str = "") -> dict[str, Any]:
    """`seconds` to wait for a lock. `existing` is a file that must not be created if missing."""
    only_if_there = existing and not existing.startswith((":", "file:"))
    return {
        "timeout": seconds,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
            f"PRAGMA busy_timeout={seconds * 1000};PRAGMA recursive_triggers=ON;"
        ),
        **({"database": f"file:{quote(existing)}?mode=rw"} if only_if_there else {}),
    }


def mysql_options(seconds: int | None) -> dict[str, Any]:
    """`seconds` for each answer of the server, and two thirds of it for locks: their error says
    more than a lost connection.
    """
    session = f"SET sql_mode='{STRICT}', time_zone='+00:00'"
    options: dict[str, Any] = {
        "charset": "utf8mb4",
        "collation": COLLATION,
        "connect_timeout": min(seconds or CONNECT_SECONDS, CONNECT_SECONDS),
        "init_command": session,
    }
    if seconds is None:
        return options
    lock = max(1, seconds * 2 // 3)
    locks = f", innodb_lock_wait_timeout={lock}, lock_wait_timeout={lock}"
    limits = {"read_timeout": seconds, "write_timeout": seconds}
    return {**options, **limits, "init_command": session + locks}
