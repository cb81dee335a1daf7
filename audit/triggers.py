"""Triggers: the database itself refuses to change or delete audit lines, whoever asks.

One change is allowed: `user_id` becomes NULL when the user is deleted. TRUNCATE and DROP fire no
triggers; the rights of the database account prevent those (see docs/database.md).
"""

from django.db import connections

TABLE = "audit_logs"
KEPT = (
    "id",
    "action",
    "resource_type",
    "resource_id",
    "details",
    "ip_address",
    "user_agent",
    "timestamp",
)
MESSAGE = "audit_logs is append-only"
NAMES = ("audit_logs_no_update", "audit_logs_no_delete", "audit_logs_no_replace")


def ensure_triggers(using: str) -> None:
    """Create missing triggers and replace outdated ones; do nothing until the table exists."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    existing = _existing(connection)
    with connection.cursor() as cursor:
        for name, statement in _statements(connection.vendor).items():
            # MySQL and MariaDB report what follows FOR EACH ROW, SQLite the whole statement.
            if name in existing and statement.endswith(existing[name]):
                continue
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(statement)


def drop(using: str) -> None:
    """Drop the triggers. Only for tests that empty their own database."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def _existing(connection) -> dict[str, str]:
    """{trigger name: its statement, as the database reports it}."""
    sql = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        "mysql": "SELECT trigger_name, action_statement FROM information_schema.triggers "
        "WHERE event_object_schema = DATABASE() AND event_object_table = %s",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql, [TABLE])
        return {name: text for name, text in cursor.fetchall()}


def _statements(vendor: str) -> dict[str, str]:
    return _sqlite() if vendor == "sqlite" else _mysql()


def _sqlite() -> dict[str, str]:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in KEPT)
    reassigned = "(NEW.user_id IS NOT NULL AND NEW.user_id IS NOT OLD.user_id)"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    # The third closes a hole: REPLACE deletes without firing the DELETE trigger.
    exists = f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608  (our own constant)
    return {
        NAMES[0]: f"CREATE TRIGGER {NAMES[0]} BEFORE UPDATE ON {TABLE} "
        f"WHEN {changed} OR {reassigned} {refuse}",
        NAMES[1]: f"CREATE TRIGGER {NAMES[1]} BEFORE DELETE ON {TABLE} {refuse}",
        NAMES[2]: f"CREATE TRIGGER {NAMES[2]} BEFORE INSERT ON {TABLE} WHEN {exists} {refuse}",
    }


def _mysql() -> dict[str, str]:
    # BINARY: the column's collation would ignore changes of case or trailing spaces.
    same = " AND ".join(f"BINARY NEW.{column} <=> BINARY OLD.{column}" for column in KEPT)
    unassigned = "(NEW.user_id IS NULL OR NEW.user_id <=> OLD.user_id)"
    refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{MESSAGE}'"
    return {
        NAMES[0]: f"CREATE TRIGGER {NAMES[0]} BEFORE UPDATE ON {TABLE} FOR EACH ROW "
        f"BEGIN IF NOT ({same} AND {unassigned}) THEN {refuse}; END IF; END",
        NAMES[1]: f"CREATE TRIGGER {NAMES[1]} BEFORE DELETE ON {TABLE} FOR EACH ROW {refuse}",
    }
