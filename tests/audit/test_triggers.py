"""The audit trail cannot be rewritten: the database itself refuses."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from audit import triggers
from audit.models import AuditLog
from schema.exceptions import Refused
from tests import make

pytestmark = pytest.mark.django_db


def refused(statement: str, *params) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(statement, *params)


def run(statement: str, *params) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def snapshot(line: AuditLog) -> dict:
    return AuditLog.objects.values().get(pk=line.pk)


@pytest.fixture
def line(alice) -> AuditLog:
    return make.audit_line("server.updated", make.server(), actor=alice, note="Before")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", 987_654),
        ("action", "server.deleted"),
        ("action", "Server.updated"),
        ("action", "server.updated "),
        ("resource_type", "playbook"),
        ("resource_id", "0"),
        ("resource_id", None),
        ("details", '{"note": "After"}'),
        ("details", "{}"),
        ("ip_address", "192.0.2.1"),
        ("user_agent", "another"),
        ("timestamp", "2020-01-01 00:00:00"),
    ],
)
def test_no_column_can_be_changed(line, column, value):
    before = snapshot(line)
    refused(f"UPDATE audit_logs SET {column} = %s WHERE id = %s", value, line.pk)
    assert snapshot(line) == before


def test_not_even_the_case_of_one_letter(line):
    """A change counts even if the column's collation considers the values equal."""
    refused("UPDATE audit_logs SET details = REPLACE(details, 'Before', 'before')")
    refused("UPDATE audit_logs SET action = UPPER(action)")


def test_a_line_cannot_be_given_to_somebody_else(line, bob):
    refused("UPDATE audit_logs SET user_id = %s WHERE id = %s", bob.pk, line.pk)
    nobodys = make.audit_line()
    refused("UPDATE audit_logs SET user_id = %s WHERE id = %s", bob.pk, nobodys.pk)


def test_a_line_cannot_be_deleted(line):
    refused("DELETE FROM audit_logs WHERE id = %s", line.pk)
    refused("DELETE FROM audit_logs")


def test_a_line_cannot_be_replaced(line):
    for replace in ("REPLACE INTO", *(["INSERT OR REPLACE INTO"] if is_sqlite() else [])):
        refused(
            f"{replace} audit_logs (id, action, resource_type, details, user_agent, timestamp) "
            "VALUES (%s, 'forged', '', '{}', '', '2020-01-01')",
            line.pk,
        )


@pytest.mark.only_on("mysql")
def test_a_line_cannot_be_overwritten_by_its_key(line):
    refused(
        "INSERT INTO audit_logs (id, action, resource_type, details, user_agent, timestamp) "
        "VALUES (%s, 'forged', '', '{}', '', '2020-01-01') "
        "ON DUPLICATE KEY UPDATE action = 'forged'",
        line.pk,
    )


@pytest.mark.only_on("sqlite")
def test_a_line_cannot_be_upserted(line):
    with pytest.raises(DatabaseError), transaction.atomic():
        run(
            "INSERT INTO audit_logs (id, action, resource_type, details, user_agent, timestamp) "
            "VALUES (%s, 'forged', '', '{}', '', '2020-01-01') "
            "ON CONFLICT (id) DO UPDATE SET action = 'forged'",
            line.pk,
        )


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


@pytest.mark.parametrize("by", ["django", "the database"])
def test_a_deleted_users_lines_stay_with_the_name(line, alice, by):
    before = snapshot(line)
    if by == "django":
        alice.delete()
    else:
        run("DELETE FROM users WHERE id = %s", alice.pk)
    line = AuditLog.objects.get(pk=line.pk)
    assert snapshot(line) == before | {"user_id": None}
    assert line.actor_name == "alice"


def test_the_model_refuses_as_well(line):
    with pytest.raises(Refused):
        line.save()
    with pytest.raises(Refused):
        line.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditLog.objects.update(action="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditLog.objects.all().delete()


def test_ensuring_twice_does_nothing(django_assert_num_queries):
    triggers.ensure_triggers("default")
    with django_assert_num_queries(2):
        triggers.ensure_triggers("default")


@pytest.mark.django_db(transaction=True)
def test_migrate_puts_lost_triggers_back():
    triggers.drop("default")
    line = make.audit_line()
    run("UPDATE audit_logs SET action = 'changed'")
    call_command("migrate", verbosity=0)
    refused("DELETE FROM audit_logs WHERE id = %s", line.pk)


@pytest.mark.django_db(transaction=True)
def test_migrate_replaces_those_of_another_release():
    name = triggers.NAMES[1]
    old = triggers._statements(connection.vendor)[name].replace(triggers.MESSAGE, "an old message")
    run(f"DROP TRIGGER {name}")
    run(old)
    line = make.audit_line()

    call_command("migrate", verbosity=0)

    with pytest.raises(DatabaseError, match=triggers.MESSAGE), transaction.atomic():
        run("DELETE FROM audit_logs WHERE id = %s", line.pk)


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db(transaction=True)
def test_a_rebuilt_table_gets_them_with_the_next_migrate():
    """SQLite changes a column by rebuilding the table, which loses the triggers."""
    old = AuditLog._meta.get_field("user_agent")
    new = models.CharField(max_length=300, blank=True, default="", db_default="")
    new.set_attributes_from_name("user_agent")
    new.model = AuditLog
    try:
        alter(old, new)
        assert {triggers._table_of(name) for name in triggers._existing(connection)} == {
            triggers.SEALS
        }
    finally:
        alter(new, old)
        call_command("migrate", verbosity=0)
    line = make.audit_line()
    refused("UPDATE audit_logs SET action = 'x'")
    refused("DELETE FROM audit_logs WHERE id = %s", line.pk)
    refused(
        "REPLACE INTO audit_logs (id, action, resource_type, details, user_agent, timestamp) "
        "VALUES (%s, 'forged', '', '{}', '', '2020-01-01')",
        line.pk,
    )


def alter(old: models.Field, new: models.Field) -> None:
    with connection.schema_editor() as editor:
        editor.alter_field(AuditLog, old, new)
