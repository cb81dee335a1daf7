"""Reads the schema of MySQL and MariaDB from information_schema."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from .tables import Check, Column, ForeignKey, Index, Table

if TYPE_CHECKING:
    # Imports the MySQL driver, which SQLite installations lack.
    from django.db.backends.mysql.base import DatabaseWrapper

COLUMNS = """
    SELECT c.table_name, c.column_name, c.column_type, c.is_nullable, c.column_default, c.extra
    FROM information_schema.columns c
    JOIN information_schema.tables t
      ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'
    ORDER BY c.table_name, c.ordinal_position
"""
INDEXES = """
    SELECT table_name, index_name, non_unique, column_name, collation
    FROM information_schema.statistics WHERE table_schema = DATABASE()
    ORDER BY table_name, index_name, seq_in_index
"""
FOREIGN_KEYS = """
    SELECT k.table_name, k.constraint_name, k.column_name,
           k.referenced_table_name, k.referenced_column_name, r.delete_rule
    FROM information_schema.key_column_usage k
    JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
     AND r.table_name = k.table_name
    WHERE k.constraint_schema = DATABASE() AND r.constraint_schema = DATABASE()
    ORDER BY k.table_name, k.column_name
"""
CHECKS_OF_MYSQL = """
    SELECT t.table_name, c.constraint_name, c.check_clause
    FROM information_schema.check_constraints c
    JOIN information_schema.table_constraints t
      ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
    WHERE c.constraint_schema = DATABASE() AND t.constraint_type = 'CHECK'
    ORDER BY t.table_name, c.constraint_name
"""
CHECKS_OF_MARIADB = """
    SELECT table_name, constraint_name, check_clause
    FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()
    ORDER BY table_name, constraint_name
"""
TRIGGERS = """
    SELECT event_object_table, trigger_name
    FROM information_schema.triggers WHERE event_object_schema = DATABASE()
    ORDER BY event_object_table, trigger_name
"""


def tables(connection: DatabaseWrapper) -> dict[str, Table]:
    columns, primary = _by_table(connection, COLUMNS), defaultdict(list)
    indexes: dict[str, dict[tuple[str, bool], list[str]]] = defaultdict(lambda: defaultdict(list))
    for table, name, non_unique, column, collation in _rows(connection, INDEXES):
        if name == "PRIMARY":
            primary[table].append(column)
        else:
            downwards = f"-{column}" if collation == "D" else str(column)
            indexes[table][name, not non_unique].append(downwards)
    keys = foreign_keys(connection)
    checks = _by_table(
        connection, CHECKS_OF_MARIADB if connection.mysql_is_mariadb else CHECKS_OF_MYSQL
    )
    triggers = _by_table(connection, TRIGGERS)
    return {
        table: Table(
            name=table,
            columns=tuple(_column(connection, row, checks[table]) for row in rows),
            primary_key=tuple(primary[table]),
            indexes=tuple(
                Index(n, tuple(on), unique) for (n, unique), on in indexes[table].items()
            ),
            foreign_keys=tuple(keys.get(table, [])),
            checks=tuple(Check(name, clause) for name, clause in checks[table]),
            triggers=tuple(trigger for (trigger,) in triggers[table]),
        )
        for table, rows in columns.items()
    }


def foreign_keys(connection: DatabaseWrapper) -> dict[str, list[ForeignKey]]:
    rows = _by_table(connection, FOREIGN_KEYS)
    return {table: [ForeignKey(*row) for row in found] for table, found in rows.items()}


def _column(
    connection: DatabaseWrapper, row: tuple[Any, ...], checks: list[tuple[str, str]]
) -> Column:
    name, type_, nullable, default, extra = row
    # MariaDB's JSON is LONGTEXT with a CHECK named after the column.
    is_json = any(check == name and "json_valid" in clause for check, clause in checks)
    return Column(
        name=name,
        type=type_,
        kind="json" if is_json else _kind(type_),
        nullable=nullable == "YES",
        default=_literal(connection, default, extra),
        on_update="on update" in extra.lower(),
    )


def _kind(type_: str) -> str:
    if type_ == "tinyint(1)":
        return "bool"
    if type_.startswith("enum("):
        return "enum(" + ",".join(re.findall(r"'((?:[^']|'')*)'", type_)) + ")"
    # MariaDB still reports display widths, such as int(11).
    return re.sub(r"^((?:small|big|tiny)?int)\(\d+\)", r"\1", type_)


def _literal(connection: DatabaseWrapper, default: str | None, extra: str) -> str | None:
    """The default as text, or None.

    MariaDB quotes literals and reports NULL; MySQL does neither, and marks expressions.
    """
    if default is None or (connection.mysql_is_mariadb and default == "NULL"):
        return None
    if re.fullmatch(r"(now|current_timestamp)\(\d?\)", default, re.IGNORECASE):
        return "now"
    if "DEFAULT_GENERATED" in extra:
        quoted = re.fullmatch(r"_\w+\\'(.*)\\'", default)
        return quoted[1] if quoted else default
    if connection.mysql_is_mariadb and default.startswith("'"):
        return default[1:-1].replace("''", "'").replace("\\'", "'")
    return default


def _by_table(connection: DatabaseWrapper, sql: str) -> defaultdict[str, list[tuple[Any, ...]]]:
    """The rows grouped by their first column, which is left out."""
    found = defaultdict(list)
    for table, *row in _rows(connection, sql):
        found[table].append(tuple(row))
    return found


def _rows(connection: DatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
