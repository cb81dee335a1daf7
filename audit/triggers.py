"""Triggers: the database itself refuses to change or delete audit lines and seals, whoever asks.

One change is allowed: `user_id` of a line becomes NULL when the user is deleted. TRUNCATE and DROP
fire no triggers; the rights of the database account prevent those (see docs/database.md), and
verify_audit finds them.
"""

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .rights import may_see_triggers

TABLE = "audit_logs"
SEALS = "audit_seals"
TABLES = (TABLE, SEALS)
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
MESSAGE = "is append-only"
NAMES = tuple(f"{table}_no_{verb}" for table in TABLES for verb in ("update", "delete", "replace"))


def ensure_triggers(using: str) -> None:
    """Create missing triggers and replace outdated ones, on the tables that exist."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    existing = _existing(connection)
    with connection.cursor() as cursor:
        for name, statement in _statements(connection.vendor).items():
            if _table_of(name) not in tables or existing.get(name) == statement:
                continue
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(statement)


def find_altered(using: str) -> list[str] | None:
    """What is wrong with the triggers, in words; None if this account may not see them."""
    connection = connections[using]
    if not may_see_triggers(connection):
        return None
    existing, expected = _existing(connection), _statements(connection.vendor)
    missing = [f"The trigger {name} is missing." for name in expected if name not in existing]
    altered = [
        f"The trigger {name} was altered."
        if name in expected
        else f"The trigger {name} is not one of InfraOps."
        for name, text in existing.items()
        if text != expected.get(name)
    ]
    return missing + altered


def drop(using: str) -> None:
    """Drop the triggers. Only for tests that empty their own database."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def _table_of(name: str) -> str:
    return name.partition("_no_")[0]


def _existing(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """{trigger name: its CREATE TRIGGER}; MySQL and MariaDB report it in parts."""
    sql = {
        "sqlite": "SELECT name, sql FROM sqlite_master "
        "WHERE type = 'trigger' AND tbl_name IN (%s, %s)",
        "mysql": "SELECT trigger_name, CONCAT('CREATE TRIGGER ', trigger_name, ' ', action_timing, "
        "' ', event_manipulation, ' ON ', event_object_table, ' FOR EACH ROW ', action_statement) "
        "FROM information_schema.triggers "
        "WHERE event_object_schema = DATABASE() AND event_object_table IN (%s, %s)",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql, TABLES)
        return {name: text for name, text in cursor.fetchall()}


def _statements(vendor: str) -> dict[str, str]:
    return _sqlite() if vendor == "sqlite" else _mysql()


def _sqlite() -> dict[str, str]:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in KEPT)
    reassigned = "(NEW.user_id IS NOT NULL AND NEW.user_id IS NOT OLD.user_id)"
    found: dict[str, str] = {}
    for table, when in ((TABLE, f"WHEN {changed} OR {reassigned} "), (SEALS, "")):
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {MESSAGE}'); END"
        # The third closes a hole: REPLACE deletes without firing the DELETE trigger.
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608  (our own constant)
        found |= {
            f"{table}_no_update": f"BEFORE UPDATE ON {table} {when}{refuse}",
            f"{table}_no_delete": f"BEFORE DELETE ON {table} {refuse}",
            f"{table}_no_replace": f"BEFORE INSERT ON {table} WHEN {exists} {refuse}",
        }
    return {name: f"CREATE TRIGGER {name} {text}" for name, text in found.items()}


def _mysql() -> dict[str, str]:
    # BINARY: the column's collation would ignore changes of case or trailing spaces.
    same = " AND ".join(f"BINARY NEW.{column} <=> BINARY OLD.{column}" for column in KEPT)
    unassigned = "(NEW.user_id IS NULL OR NEW.user_id <=> OLD.user_id)"
    found: dict[str, str] = {}
    for table, unless in ((TABLE, f"NOT ({same} AND {unassigned})"), (SEALS, "TRUE")):
        refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{table} {MESSAGE}'"
        found |= {
            f"{table}_no_update": f"BEFORE UPDATE ON {table} FOR EACH ROW "
            f"BEGIN IF {unless} THEN {refuse}; END IF; END",
            f"{table}_no_delete": f"BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        }
    return {name: f"CREATE TRIGGER {name} {text}" for name, text in found.items()}
