from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from schema import project
from schema.live import live_schema
from schema.tables import Column, Index, Table

# Characters per cell; an ENUM or a CHECK can be far wider than a terminal.
WIDEST = 56


class Command(BaseCommand):
    help = "Print tables, columns, keys and indexes as they are in the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--table",
            action="append",
            dest="names",
            metavar="NAME",
            help="only this table; may be repeated",
        )
        parser.add_argument(
            "--all", action="store_true", help="include Django's and the queue's own tables"
        )
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections))

    def handle(self, *args: Any, **options: Any) -> None:
        tables = live_schema(connections[options["database"]])
        names = _chosen(tables, options["names"], everything=options["all"])
        self.stdout.write("\n\n".join("\n".join(_lines(tables[name])) for name in names))


def _chosen(tables: dict[str, Table], names: list[str] | None, *, everything: bool) -> list[str]:
    if unknown := [name for name in names or [] if name not in tables]:
        raise CommandError(
            f"No such table: {', '.join(unknown)}. There are: {', '.join(sorted(tables))}."
        )
    if names or everything:
        return names or sorted(tables)
    ours = [model._meta.db_table for model in project.models()]
    if missing := [name for name in ours if name not in tables]:
        raise CommandError(f"Not migrated yet: {', '.join(missing)}. Run `manage.py migrate`.")
    return ours


def _lines(table: Table) -> Iterator[str]:
    yield from (table.name, "=" * len(table.name))
    yield from _block("Columns", [_column(column) for column in table.columns])
    keys: list[tuple[str, ...]] = [("primary key", ", ".join(table.primary_key))]
    keys += [
        (key.column, f"→ {key.table}.{key.to}", f"ON DELETE {key.on_delete}")
        for key in table.foreign_keys
    ]
    yield from _block("Keys", keys)
    yield from _block(
        "Indexes",
        [
            (
                ", ".join(map(_direction, index.columns)),
                "unique" if index.unique else "",
                index.name,
            )
            for index in table.indexes
        ],
    )
    yield from _block("Checks", [(check.name, check.clause) for check in table.checks])
    yield from _block("Triggers", [(name,) for name in table.triggers])


def _column(column: Column) -> tuple[str, ...]:
    default = "" if column.default is None else f"default {column.default or repr('')}"
    on_update = "on update now" if column.on_update else ""
    return (
        column.name,
        column.type,
        "may be null" if column.nullable else "",
        ", ".join(part for part in (default, on_update) if part),
    )


def _index(index: Index) -> tuple[str, ...]:
    columns = ", ".join(_direction(column) for column in index.columns)
    return columns, "unique" if index.unique else "", index.name


def _direction(column: str) -> str:
    return f"{column[1:]} (descending)" if column.startswith("-") else column


def _block(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A heading and its rows, in columns as wide as their widest cell; nothing without rows."""
    if not rows:
        return
    yield f"  {title}"
    lines = [line for row in rows for line in zip_longest(*map(_wrapped, row), fillvalue="")]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=False))
        yield ("    " + "  ".join(cells)).rstrip()


def _wrapped(text: str) -> list[str]:
    """Wrap to WIDEST characters. ENUM values get spaces between them to break at."""
    if len(text) > WIDEST:
        text = text.replace("','", "', '")
    return wrap(text, WIDEST) or [""]
