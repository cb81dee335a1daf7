"""`manage.py show_schema`: the database as it is, for people."""

import io
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from schema import project

pytestmark = pytest.mark.django_db


def shown(*arguments):
    output = io.StringIO()
    call_command("show_schema", *arguments, stdout=output)
    return output.getvalue()


def tables_in(text):
    lines = text.splitlines()
    return [name for name, below in pairwise(lines) if set(below) == {"="}]


def words(text, *start):
    """The words of the line that starts with these words."""
    found = [line.split() for line in text.splitlines()]
    return next(line for line in found if line[: len(start)] == list(start))


def test_it_shows_our_tables_in_the_order_of_the_apps():
    names = tables_in(shown())
    assert names == [model._meta.db_table for model in project.models()]
    assert {"users", "servers", "playbooks", "jobs", "job_logs", "tickets", "audit_logs"} <= {
        *names
    }


def test_it_shows_everything_when_asked():
    assert {"jobs", "django_session", "django_q_ormq"} <= {*tables_in(shown("--all"))}


def test_it_shows_the_tables_that_were_named():
    assert tables_in(shown("--table", "jobs", "--table", "users")) == ["jobs", "users"]


def test_columns_keys_and_indexes_of_a_table():
    text = shown("--table", "tickets")
    assert words(text, "title") == ["title", "varchar(200)"]
    assert words(text, "resolved_at")[2:] == ["may", "be", "null"]
    assert "default open" in text
    assert words(text, "primary", "key") == ["primary", "key", "id"]
    assert words(text, "created_by", "→") == [
        "created_by",
        "→",
        "users.id",
        *("ON", "DELETE", "RESTRICT"),
    ]
    assert words(text, "status,", "priority") == [
        "status,",
        "priority",
        "idx_tickets_status_priority",
    ]
    assert words(text, "ticket_id", "unique")


def test_checks_triggers_and_empty_defaults():
    text = shown("--table", "servers", "--table", "audit_logs")
    assert words(text, "ck_servers_ssh_port")
    assert words(text, "audit_logs_no_delete")
    assert "default ''" in text


def test_the_columns_stand_below_each_other():
    lines = shown("--table", "users").splitlines()
    columns = lines[lines.index("  Columns") + 1 : lines.index("  Keys")]
    place = columns[0].index(columns[0].split()[1])
    assert all(line[place - 1] == " " and line[place] != " " for line in columns)


def test_the_type_is_the_databases_own():
    roles = "enum('admin','operator','viewer','auditor')"
    word = "varchar(20)" if connection.vendor == "sqlite" else roles
    assert words(shown("--table", "users"), "role")[1] == word


def test_a_long_list_of_values_does_not_make_long_lines():
    text = shown("--table", "jobs")
    assert max(map(len, text.splitlines())) < 120
    assert "'task_failed'" in text
    assert "'internal'" in text


def test_the_output_ends_with_a_line():
    assert shown("--table", "users").endswith("\n")


def test_an_unknown_table_is_refused_with_the_names_that_there_are():
    with pytest.raises(CommandError, match=r"No such table: jobz\. There are: .*jobs"):
        shown("--table", "jobz")


def test_before_the_migrations_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr("schema.management.commands.show_schema.live_schema", lambda _: {})
    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        shown()
