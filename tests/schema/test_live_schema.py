"""The real schema compared with tests/schema/design.py, on SQLite, MariaDB and MySQL alike."""

import re
from collections import Counter

import pytest
from django.db import connection

from schema import project
from schema.live import live_schema
from schema.tables import Column, Table
from tests.schema.design import TABLES

# Marks an index that Django creates only there.
ON_SQLITE = ", on SQLite"


@pytest.mark.django_db
@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_what_the_design_says(name):
    expected = TABLES[name]
    if connection.vendor == "sqlite":
        expected = [as_sqlite_has_it(line) for line in expected]
    expected = [line for line in expected if not line.endswith(ON_SQLITE)]
    live, expected = Counter(described(live_schema(connection)[name])), Counter(expected)
    missing, unexpected = expected - live, live - expected
    assert (sorted(missing.elements()), sorted(unexpected.elements())) == ([], [])


def test_no_table_of_ours_is_left_out():
    assert {model._meta.db_table for model in project.models()} == set(TABLES)


@pytest.mark.only_on("mysql")
@pytest.mark.django_db
def test_every_table_has_the_engine_and_the_collation_of_the_design():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, engine, table_collation FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
        )
        others = {
            name: (engine, collation)
            for name, engine, collation in cursor.fetchall()
            if (engine, collation) != ("InnoDB", "utf8mb4_unicode_ci")
        }
    assert others == {}


@pytest.mark.only_on("mysql")
@pytest.mark.django_db
def test_every_text_column_has_the_collation_of_the_design():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND collation_name IS NOT NULL"
        )
        collations = {(table, column): name for table, column, name in cursor.fetchall()}
    # MariaDB's JSON is a text that compares byte by byte.
    texts = {
        (table.name, column.name)
        for table in live_schema(connection).values()
        for column in table.columns
        if column.kind != "json" and (table.name, column.name) in collations
    }
    # Names of Ansible's, and of what people name like those.
    exact = {
        *(("inventories", "name"), ("server_groups", "name"), ("servers", "inventory_name")),
        *(("smart_groups", "name"), ("variable_overrides", "name")),
    }
    assert {place for place in texts if collations[place] == "utf8mb4_bin"} == exact
    assert {collations[place] for place in texts - exact} == {"utf8mb4_unicode_ci"}


def described(table: Table) -> list[str]:
    """A live table in the notation of design.py."""
    checks = {check.name for check in table.checks} - {column.name for column in table.columns}
    return [
        *map(column_line, table.columns),
        f"primary key ({', '.join(table.primary_key)})",
        *(
            f"{'unique' if index.unique else 'index'} ({', '.join(index.columns)})"
            for index in table.indexes
        ),
        *(f"{key.column} → {key.table}.{key.to} {key.on_delete}" for key in table.foreign_keys),
        *(f"check {name}" for name in checks),
    ]


def column_line(column: Column) -> str:
    default = "" if column.default is None else f" = {column.default}".rstrip()
    auto = ", auto" if column.on_update else ""
    return f"{column.name} {column.kind}{'?' if column.nullable else ''}{default}{auto}"


def as_sqlite_has_it(line: str) -> str:
    """SQLite has no ON UPDATE; its keys and reals are 64 bits wide whatever their type says."""
    line = re.sub(r"^id bigint$", "id int", line.removesuffix(", auto").removesuffix(ON_SQLITE))
    return re.sub(r" double$", " real", line)
