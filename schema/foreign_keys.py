"""Make ON DELETE rules in the database match each model's `on_delete`.

Django creates foreign keys without a rule and cascades in Python, row by row; a DELETE by any other
program would fail or leave orphans. On SQLite Django also drops existing rules whenever it rebuilds
a table, as most column changes do. So this runs after every migrate.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from django.db import NotSupportedError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name

from . import project
from .fields import CASCADE_ROW
from .live import foreign_keys
from .tables import ForeignKey

RULES: dict[Any, str] = {
    models.CASCADE: "CASCADE",
    CASCADE_ROW: "CASCADE",
    models.SET_NULL: "SET NULL",
    models.RESTRICT: "RESTRICT",
    models.PROTECT: "RESTRICT",
}

NAME = r'(?:"(?:[^"]|"")+"|\w+)'
ACTION = r"(?:CASCADE|RESTRICT|NO\s+ACTION|SET\s+NULL|SET\s+DEFAULT)"

Changes = list[tuple[ForeignKey, str]]
"""Keys, each with the rule that it should have."""


def ensure_foreign_keys(using: str) -> None:
    """Repair every rule that differs. Costs one query if none does.

    Looks only at tables that exist: one that has yet to be migrated is handled the next time.
    """
    connection = connections[using]
    repair = {"mysql": _repair_mysql, "sqlite": _repair_sqlite}[connection.vendor]
    for table, changes in differing(connection).items():
        repair(connection, table, changes)


def expected_rules() -> dict[tuple[str, str], str]:
    """{(table, column): ON DELETE rule} for all foreign keys of our models that have a rule."""
    return {
        (model._meta.db_table, field.column): rule
        for model in project.models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and (rule := _rule(field))
    }


def _rule(field: models.ForeignKey) -> str | None:
    on_delete = field.remote_field.on_delete
    if on_delete is models.DO_NOTHING and field.null:
        # DO_NOTHING is for Django only: the database clears the column.
        return "SET NULL"
    return RULES.get(on_delete)


def differing(connection: BaseDatabaseWrapper) -> dict[str, Changes]:
    """The keys whose rule in the database is not the model's, by table."""
    rules, found = expected_rules(), defaultdict(list)
    for table, keys in foreign_keys(connection).items():
        for key in keys:
            rule = rules.get((table, key.column))
            if rule and _normal(connection, key.on_delete) != rule:
                found[table].append((key, rule))
    return {
        table: possible
        for table, changes in found.items()
        if (possible := _possible(connection, table, changes))
    }


def _normal(connection: BaseDatabaseWrapper, on_delete: str) -> str:
    """MariaDB reports a RESTRICT added by ALTER as NO ACTION; InnoDB treats the two alike."""
    if on_delete == "NO ACTION" and getattr(connection, "mysql_is_mariadb", False):
        return "RESTRICT"
    return on_delete


def _possible(connection: BaseDatabaseWrapper, table: str, changes: Changes) -> Changes:
    """The changes without SET NULL on columns still NOT NULL, as in the middle of a migration."""
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    nullable = {column.name for column in described if column.null_ok}
    return [(key, rule) for key, rule in changes if rule != "SET NULL" or key.column in nullable]


# --- MySQL and MariaDB ----------------------------------------------------------------------------


def _repair_mysql(connection: BaseDatabaseWrapper, table: str, changes: Changes) -> None:
    """Change all keys in one ALTER, so that the table is never without them.

    One statement cannot drop and add a key of the same name, so the new name includes the rule. The
    rows already satisfy the old key: with checks disabled, MySQL does not copy the table.
    """
    quote = connection.ops.quote_name
    clauses = [
        f"DROP FOREIGN KEY {quote(key.name)}, "
        f"ADD CONSTRAINT {quote(_new_name(table, key, rule))} FOREIGN KEY ({quote(key.column)}) "
        f"REFERENCES {quote(key.table)} ({quote(key.to)}) ON DELETE {rule}"
        for key, rule in changes
    ]
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {quote(table)} {', '.join(clauses)}")


def _new_name(table: str, key: ForeignKey, rule: str) -> str:
    name = f"fk_{table}_{key.column}_{rule}".lower().replace(" ", "_")
    name = truncate_name(name, 64)
    return name if name != key.name else truncate_name(f"{name}_again", 64)


# --- SQLite ---------------------------------------------------------------------------------------


def _repair_sqlite(connection: BaseDatabaseWrapper, table: str, changes: Changes) -> None:
    """Edit the stored CREATE TABLE, as SQLite's documentation of ALTER TABLE describes.

    The alternative, a new table and a copy of all rows, is how the rules got lost in the first
    place. Anything unexpected raises, and the transaction rolls back.
    """
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        before, keys = _shape(cursor, table), _rules_of(cursor, table)
        sql = _stored_sql(cursor, table)
        for key, rule in changes:
            sql = with_rule(sql, key.column, rule)
        _store_sql(cursor, table, sql)
        wanted = {**keys, **{key.column: rule for key, rule in changes}}
        if _shape(cursor, table) != before or _rules_of(cursor, table) != wanted:
            raise NotSupportedError(f"Editing the foreign keys of {table} changed something else.")
        cursor.execute(f"PRAGMA integrity_check({connection.ops.quote_name(table)})")
        if (answers := cursor.fetchall()) != [("ok",)]:
            raise NotSupportedError(f"The integrity check of {table} says: {answers}")


def with_rule(sql: str, column: str, rule: str) -> str:
    """The CREATE TABLE statement with the ON DELETE rule of one column's foreign key replaced.

    Understands SQL as Django writes it. Raises NotSupportedError unless the REFERENCES clause is
    found exactly once: never edit a statement that was not understood.
    """
    clause = re.compile(
        rf'("{re.escape(column)}"[\w\s()]*\sREFERENCES\s+{NAME}\s*\(\s*{NAME}\s*\))'
        rf"(?:\s+ON\s+DELETE\s+{ACTION})?(?=\s+DEFERRABLE|\s*[,)])"
    )
    changed, count = clause.subn(rf"\1 ON DELETE {rule}", sql)
    if count != 1:
        raise NotSupportedError(f"{count} REFERENCES clauses of {column} were found in: {sql}")
    return changed


def _stored_sql(cursor: Any, table: str) -> str:
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
    return cursor.fetchone()[0]


def _store_sql(cursor: Any, table: str, sql: str) -> None:
    cursor.execute("PRAGMA schema_version")
    version = cursor.fetchone()[0]
    cursor.execute("PRAGMA writable_schema = ON")
    try:
        cursor.execute(
            "UPDATE sqlite_master SET sql = %s WHERE type = 'table' AND name = %s", [sql, table]
        )
        # A new version tells other connections to read the schema again.
        cursor.execute(f"PRAGMA schema_version = {version + 1}")
    finally:
        # Ends write access and makes this connection read the schema again.
        cursor.execute("PRAGMA writable_schema = RESET")


def _shape(cursor: Any, table: str) -> list[Any]:
    """Columns, indexes and foreign key targets: everything that an edit must not change."""
    found = []
    for sql in (
        "SELECT * FROM pragma_table_xinfo(%s)",
        "SELECT * FROM pragma_index_list(%s)",
        'SELECT id, "table", "from", "to", on_update, "match" FROM pragma_foreign_key_list(%s)',
    ):
        cursor.execute(sql, [table])
        found.append(cursor.fetchall())
    return found


def _rules_of(cursor: Any, table: str) -> dict[str, str]:
    cursor.execute('SELECT "from", on_delete FROM pragma_foreign_key_list(%s)', [table])
    return dict(cursor.fetchall())
