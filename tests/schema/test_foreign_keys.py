"""ON DELETE in the database: created, repaired, and left alone when correct."""

import pytest
from django.core.management import call_command
from django.db import NotSupportedError, connection, models

from automation.models import Job, JobLog
from schema import foreign_keys, live
from tests import make

TABLE = (
    'CREATE TABLE "job_logs" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, '
    "\"note\" varchar(9) DEFAULT 'a, b)' NOT NULL, "
    '"job_id" integer NOT NULL REFERENCES "jobs" ("id") DEFERRABLE INITIALLY DEFERRED, '
    '"user_id" varchar(36) NULL UNIQUE REFERENCES "users" ("id") ON DELETE SET NULL '
    'DEFERRABLE INITIALLY DEFERRED, CHECK ("id" > 0))'
)


def rules():
    return {
        (table, key.column): key.on_delete
        for table, keys in live.foreign_keys(connection).items()
        for key in keys
    }


def differing():
    return {
        (table, key.column)
        for table, changes in foreign_keys.differing(connection).items()
        for key, _rule in changes
    }


@pytest.fixture
def broken(transactional_db):
    """Tables whose keys something else has set wrongly; repaired afterwards."""
    # A test that migrated back and forth by itself has left them unrepaired.
    foreign_keys.ensure_foreign_keys("default")
    if connection.vendor == "sqlite":
        for model in (JobLog, Job):
            rebuild(model)
        assert {table for table, _ in differing()} == {"job_logs", "jobs"}
    else:
        set_by_hand("job_logs", "job_id", "RESTRICT")
        set_by_hand("tickets", "job_id", "CASCADE")
    yield
    foreign_keys.ensure_foreign_keys("default")
    assert not differing()


def rebuild(model):
    """What many migrations do on SQLite: create a new table and copy all rows."""
    with connection.schema_editor() as editor:
        editor._remake_table(model)


def set_by_hand(table, column, rule):
    key = next(key for key in live.foreign_keys(connection)[table] if key.column == column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {table} DROP FOREIGN KEY {key.name}, ADD CONSTRAINT fk_by_hand_{table} "
            f"FOREIGN KEY ({column}) REFERENCES {key.table} ({key.to}) ON DELETE {rule}"
        )


# --- The expected rules ---------------------------------------------------------------------------


def test_the_rules_follow_from_on_delete():
    expected = foreign_keys.expected_rules()
    assert expected["job_logs", "job_id"] == "CASCADE"
    assert expected["tickets", "assigned_to"] == "SET NULL"
    assert expected["jobs", "user_id"] == "RESTRICT"
    # DO_NOTHING in Django: the database does it.
    assert expected["audit_logs", "user_id"] == "SET NULL"


def test_only_our_own_tables_are_looked_after():
    assert {table for table, _ in foreign_keys.expected_rules()} >= {
        "jobs",
        "tickets",
        "audit_logs",
    }
    assert not any(
        table.startswith(("django_", "auth_")) for table, _ in foreign_keys.expected_rules()
    )


@pytest.mark.parametrize(
    ("on_delete", "null", "rule"),
    [
        (models.PROTECT, False, "RESTRICT"),
        (models.DO_NOTHING, True, "SET NULL"),
        (models.DO_NOTHING, False, None),
        (models.SET_DEFAULT, True, None),
        (models.SET(1), True, None),
    ],
)
def test_what_the_database_cannot_do_is_left_to_django(on_delete, null, rule):
    field = models.ForeignKey("accounts.User", on_delete, null=null, default=1)
    assert foreign_keys._rule(field) == rule


# --- The rules in the database --------------------------------------------------------------------


@pytest.mark.django_db
def test_every_rule_is_in_place_after_the_migrations():
    assert not differing()
    assert (
        foreign_keys.expected_rules().items()
        <= {
            place: "RESTRICT" if rule == "NO ACTION" else rule for place, rule in rules().items()
        }.items()
    )


@pytest.mark.django_db
def test_nothing_to_do_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        foreign_keys.ensure_foreign_keys("default")


def test_a_lost_rule_is_repaired_and_the_rows_stay(broken):
    job = make.job()
    make.log_lines(job, "one", "two")
    before = live.live_schema(connection)["job_logs"]
    foreign_keys.ensure_foreign_keys("default")
    assert not differing()
    after = live.live_schema(connection)["job_logs"]
    assert (after.columns, after.checks) == (before.columns, before.checks)
    assert {(i.columns, i.unique) for i in after.indexes} == {
        (i.columns, i.unique) for i in before.indexes
    }
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs WHERE id = %s", [job.pk])
    assert not JobLog.objects.exists()


def test_another_connection_sees_the_repair(broken):
    foreign_keys.ensure_foreign_keys("default")
    job = make.job()
    make.log_lines(job, "one")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("DELETE FROM jobs WHERE id = %s", [job.pk])
    finally:
        other.close()
    assert not JobLog.objects.exists()


def test_every_migrate_repairs(broken):
    call_command("migrate", verbosity=0)
    assert not differing()


@pytest.mark.django_db(transaction=True)
def test_tables_that_are_not_there_yet_are_left_for_later():
    try:
        call_command("migrate", "tickets", "zero", verbosity=0)
        assert ("tickets", "job_id") not in rules()
        foreign_keys.ensure_foreign_keys("default")
    finally:
        call_command("migrate", verbosity=0)
    assert ("tickets", "job_id") in rules()
    assert not differing()


@pytest.mark.django_db
def test_set_null_waits_until_the_column_may_be_null(monkeypatch):
    monkeypatch.setattr(
        foreign_keys, "expected_rules", lambda: {("job_logs", "job_id"): "SET NULL"}
    )
    foreign_keys.ensure_foreign_keys("default")
    assert rules()["job_logs", "job_id"] == "CASCADE"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda sql, *_: sql, "changed something else"),
        (
            lambda sql, *_: sql.replace('"line_number"', '"number_of_line"'),
            "changed something else",
        ),
        (lambda sql, *_: sql.replace("integer NOT NULL", "integer", 1), "changed something else"),
        (lambda sql, *_: "CREATE TABLE nonsense", "malformed"),
    ],
)
def test_an_edit_that_goes_wrong_leaves_all_as_it_was(broken, monkeypatch, damage, error):
    make.log_lines(make.job(), "kept")
    before = live.live_schema(connection)
    with monkeypatch.context() as patch:
        patch.setattr(foreign_keys, "with_rule", damage)
        with pytest.raises(Exception, match=error):
            foreign_keys.ensure_foreign_keys("default")
    assert live.live_schema(connection) == before
    assert [line.content for line in JobLog.objects.all()] == ["kept"]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA writable_schema")
        assert cursor.fetchone() == (0,)


# --- Editing a CREATE TABLE -----------------------------------------------------------------------


def test_one_clause_is_changed_and_nothing_else():
    changed = foreign_keys.with_rule(TABLE, "job_id", "CASCADE")
    clause = 'REFERENCES "jobs" ("id")'
    assert changed == TABLE.replace(clause, f"{clause} ON DELETE CASCADE")


def test_a_rule_that_is_there_is_replaced():
    changed = foreign_keys.with_rule(TABLE, "user_id", "RESTRICT")
    assert changed == TABLE.replace("SET NULL", "RESTRICT")
    assert foreign_keys.with_rule(changed, "user_id", "SET NULL") == TABLE


@pytest.mark.parametrize(
    "sql",
    [
        TABLE.replace('"job_id"', '"other"'),
        TABLE.replace('"job_id" integer', '"job_id" integer CHECK ("job_id" > 0)'),
        TABLE.replace("'a, b)'", '\'"job_id" integer REFERENCES "x" ("id"), \''),
        TABLE.replace('"jobs" ("id")', '"jobs" ("id") ON UPDATE CASCADE'),
        TABLE.replace('"jobs" ("id")', '"jobs"'),
        "",
    ],
)
def test_a_statement_that_is_not_understood_is_not_edited(sql):
    with pytest.raises(NotSupportedError, match="REFERENCES clauses of job_id"):
        foreign_keys.with_rule(sql, "job_id", "CASCADE")


# --- The new key's name on MySQL ------------------------------------------------------------------


def test_a_new_key_has_another_name_that_fits():
    key = live.ForeignKey("fk_jobs_user_id_restrict", "user_id", "users", "id", "CASCADE")
    assert foreign_keys._new_name("jobs", key, "SET NULL") == "fk_jobs_user_id_set_null"
    assert foreign_keys._new_name("jobs", key, "RESTRICT") == "fk_jobs_user_id_restrict_again"
    assert len(foreign_keys._new_name("x" * 64, key, "RESTRICT")) <= 64
