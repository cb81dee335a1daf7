"""Reads SQLite's schema: from pragmas, and from the stored CREATE TABLE for what they omit."""

import re
from collections import defaultdict
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from .tables import Check, Column, ForeignKey, Index, Table

KINDS = {
    "integer": "int",
    "integer unsigned": "int unsigned",
    "datetime": "datetime(6)",
    # Unbounded, like MySQL's longtext and longblob.
    "text": "longtext",
    "blob": "longblob",
}
FOREIGN_KEYS = """
    SELECT m.name, k."from", k."table", k."to", k.on_delete
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k
    WHERE m.type = 'table' ORDER BY m.name, k."from"
"""


def tables(connection: BaseDatabaseWrapper) -> dict[str, Table]:
    keys = foreign_keys(connection)
    created = _rows(
        connection,
        "SELECT name, sql FROM sqlite_master "
        "WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    )
    return {name: _table(connection, name, sql, keys.get(name, [])) for name, sql in created}


def foreign_keys(connection: BaseDatabaseWrapper) -> dict[str, list[ForeignKey]]:
    found = defaultdict(list)
    for name, column, table, to, on_delete in _rows(connection, FOREIGN_KEYS):
        found[name].append(ForeignKey("", column, table, to, on_delete))
    return dict(found)


def _table(connection: BaseDatabaseWrapper, name: str, sql: str, keys: list[ForeignKey]) -> Table:
    checks = _checks(sql)
    described = _rows(connection, f"PRAGMA table_info({_quoted(name)})")
    primary = sorted((place, column) for _, column, _, _, _, place in described if place)
    triggers = _rows(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s ORDER BY name",
        [name],
    )
    return Table(
        name=name,
        columns=tuple(_column(row, checks) for row in described),
        primary_key=tuple(column for _, column in primary),
        indexes=_indexes(connection, name),
        foreign_keys=tuple(keys),
        checks=tuple(checks),
        triggers=tuple(trigger for (trigger,) in triggers),
    )


def _column(row: tuple[Any, ...], checks: list[Check]) -> Column:
    _, name, type_, not_null, default, _ = row
    return Column(
        name=name,
        type=type_,
        kind=_kind(name, type_.lower(), checks),
        nullable=not not_null,
        default=_literal(default),
        on_update=False,
    )


def _kind(name: str, type_: str, checks: list[Check]) -> str:
    own = " ".join(check.clause for check in checks if check.name == name)
    if choices := re.fullmatch(rf"\"{name}\" IN \((.*)\)", own):
        return "enum(" + ",".join(re.findall(r"'((?:[^']|'')*)'", choices[1])) + ")"
    if type_ == "text" and "JSON_VALID" in own:
        return "json"
    return KINDS.get(type_, type_)


def _literal(default: str | None) -> str | None:
    if default is None or default.upper() == "NULL":
        return None
    if "'NOW'" in default or "CURRENT_TIMESTAMP" in default:
        return "now"
    if default.startswith("'"):
        return default[1:-1].replace("''", "'")
    return default


def _indexes(connection: BaseDatabaseWrapper, table: str) -> tuple[Index, ...]:
    rows = _rows(
        connection,
        'SELECT i.name, i."unique", x.name, x."desc" '
        "FROM pragma_index_list(%s) i JOIN pragma_index_xinfo(i.name) x "
        "WHERE i.origin <> 'pk' AND x.key ORDER BY i.name, x.seqno",
        [table],
    )
    columns: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for name, unique, column, downwards in rows:
        columns[name, bool(unique)].append(f"-{column}" if downwards else str(column))
    return tuple(Index(name, tuple(on), unique) for (name, unique), on in columns.items())


def _checks(sql: str) -> list[Check]:
    """The CHECKs of a CREATE TABLE, whether of a column or a named constraint of their own."""
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    found = []
    for part in _parts(body):
        name = re.match(r'\s*(?:CONSTRAINT\s+)?"?(\w+)"?', part)
        for start in re.finditer(r"\bCHECK\s*(?=\()", part):
            clause = part[start.end() : _closing(part, start.end())]
            found.append(Check(name[1] if name else "", _bare(clause)))
    return found


def _parts(body: str) -> list[str]:
    """Split at commas outside quotes and parentheses."""
    parts, start, place = [], 0, 0
    while place < len(body):
        if body[place] == ",":
            parts.append(body[start:place])
            start = place + 1
        place = _after(body, place)
    return [*parts, body[start:]]


def _after(text: str, place: int) -> int:
    """The position after the quoted string, parenthesised group or single character at `place`."""
    if text[place] in "'\"":
        return text.index(text[place], place + 1) + 1
    return _closing(text, place) if text[place] == "(" else place + 1


def _closing(text: str, place: int) -> int:
    place += 1
    while text[place] != ")":
        place = _after(text, place)
    return place + 1


def _bare(clause: str) -> str:
    """Strip parentheses that enclose the whole clause."""
    while clause.startswith("(") and _closing(clause, 0) == len(clause):
        clause = clause[1:-1].strip()
    return clause


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rows(
    connection: BaseDatabaseWrapper, sql: str, params: list[str] | None = None
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
