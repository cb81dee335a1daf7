"""Database options that make all databases behave alike.

SQLite: WAL and IMMEDIATE transactions. In a deferred transaction, a reader that starts to write
gets "database is locked" at once, whatever the timeout. MySQL and MariaDB: strict mode, sessions in
UTC (CURRENT_TIMESTAMP uses the session's time zone), and one collation everywhere.
"""

from typing import Any

from environ import Env

COLLATION = "utf8mb4_unicode_ci"
STRICT = (
    "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)

SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
        "PRAGMA busy_timeout=20000;PRAGMA recursive_triggers=ON;"
    ),
}
MYSQL_OPTIONS = {
    "charset": "utf8mb4",
    "collation": COLLATION,
    "init_command": f"SET sql_mode='{STRICT}', time_zone='+00:00'",
}


def parse_url(url: str) -> dict[str, Any]:
    """Parse a DATABASE_URL. A "+" in it is a plus, not a space as in form data."""
    address, mark, options = url.partition("?")
    return dict(Env.db_url_config(address.replace("+", "%2B") + mark + options))


def configure_database(database: dict[str, Any]) -> dict[str, Any]:
    """The DATABASES entry for a parsed DATABASE_URL, with the options that its engine needs."""
    if database["ENGINE"].endswith("sqlite3"):
        defaults: dict[str, Any] = SQLITE_OPTIONS
        test = {}
    else:
        defaults = MYSQL_OPTIONS
        test = {"CHARSET": "utf8mb4", "COLLATION": COLLATION}
    options = {**defaults, **database.get("OPTIONS", {})}
    return {**database, "OPTIONS": options, "TEST": test, "ATOMIC_REQUESTS": False}
