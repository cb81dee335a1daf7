"""What the database itself enforces: all statements here bypass Django."""

import uuid
from datetime import UTC, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.models import AuditLog
from automation.models import Job, JobLog, Run
from inventory.models import Inventory, Server
from schema.live import live_schema
from tests import make

pytestmark = pytest.mark.django_db

SERVER = {
    "hostname": "web1.example.com",
    "ip_address": "192.0.2.1",
    "os_type": "",
    "os_version": "",
    "ssh_user": "",
    "ssh_key_path": "",
    "description": "",
    "host_key": "",
}


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else None


def insert(table, values):
    names, places = ", ".join(values), ", ".join(["%s"] * len(values))
    sql(f"INSERT INTO {table} ({names}) VALUES ({places})", *values.values())


def refused(statement, *params, error=DatabaseError):
    with pytest.raises(error), transaction.atomic():
        sql(statement, *params)


# --- Values ---------------------------------------------------------------------------------------


def test_every_enum_refuses_another_value():
    job = make.job(status=Job.Status.FAILED)
    make.log_lines(job, "hello")
    make.task_results(job, "ok")
    make.host_results(job.run, "ok")
    make.ticket()
    make.failed_attempts()
    make.source()
    make.override()
    enums = [
        (table.name, column.name)
        for table in live_schema(connection).values()
        for column in table.columns
        if column.kind.startswith("enum(")
    ]
    assert len(enums) == 18
    for table, column in enums:
        refused(f"UPDATE {table} SET {column} = 'nonsense'")


def insert_server(**values):
    belongs = {"inventory_id": Inventory.objects.default().pk, "inventory_name": SERVER["hostname"]}
    insert("servers", {**SERVER, **belongs, **values})


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(port):
    with pytest.raises(DatabaseError), transaction.atomic():
        insert_server(ssh_port=port)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_ends_of_the_range_are_ports(port):
    insert_server(ssh_port=port)
    assert Server.objects.get().ssh_port == port


def test_lines_are_numbered_from_one_and_once_each():
    job = make.job()
    make.log_lines(job, "hello")
    refused("UPDATE job_logs SET line_number = 0")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert("job_logs", {"job_id": job.pk, "line_number": 1, "content": "again"})


def test_what_is_not_json_is_refused():
    make.server()
    refused("UPDATE servers SET tags = '{broken'")


def test_null_is_refused_where_the_design_has_no_question_mark():
    make.server()
    refused("UPDATE servers SET ip_address = NULL")


def test_a_text_longer_than_64_kilobytes_is_kept():
    text = "ü" * 100_000
    line = make.log_lines(make.job(), text)[0]
    assert JobLog.objects.get(pk=line.pk).content == text


def test_uuids_are_kept_as_text_with_hyphens():
    job = make.job()
    assert sql("SELECT job_id FROM jobs WHERE id = %s", job.pk)[0][0] == str(job.job_id)
    assert Job.objects.get(pk=job.pk).job_id == job.job_id
    assert isinstance(job.job_id, uuid.UUID)


# --- Defaults and times ---------------------------------------------------------------------------


def test_the_database_fills_in_what_an_insert_leaves_out():
    insert_server()
    server = Server.objects.get()
    assert (server.ssh_port, server.environment, server.is_active) == (22, "development", True)
    assert (server.tags, server.variables) == ({}, {})
    for moment in (server.created_at, server.updated_at):
        assert abs(timezone.now() - moment) < timedelta(minutes=1)


def test_the_database_fills_in_a_role_and_a_status():
    insert("users", {"username": "x", "email": "x@example.com", "password_hash": ""})
    user = User.objects.get()
    assert (user.role, user.is_active, user.last_login) == ("viewer", True, None)
    run = make.run()
    insert(
        "jobs",
        {
            "job_id": str(uuid.uuid4()),
            "run_id": run.pk,
            "playbook_id": run.playbook_id,
            "server_id": make.server().pk,
            "user_id": run.launched_by_id,
            "error_message": "",
        },
    )
    job = Job.objects.get()
    assert (job.status, job.extra_vars, job.counts, job.failure_kind) == ("pending", {}, {}, "")


def long_ago(server):
    sql("UPDATE servers SET updated_at = %s WHERE id = %s", "2020-01-01 00:00:00", server.pk)
    server.refresh_from_db()
    assert server.updated_at.astimezone(UTC).year == 2020


@pytest.mark.only_on("mysql")
def test_any_update_moves_updated_at():
    server = make.server()
    long_ago(server)
    sql("UPDATE servers SET description = 'new' WHERE id = %s", server.pk)
    server.refresh_from_db()
    assert timezone.now() - server.updated_at < timedelta(minutes=1)


def test_saving_moves_updated_at_and_leaves_created_at():
    server = make.server()
    created = server.created_at
    long_ago(server)
    server.save()
    server.refresh_from_db()
    assert timezone.now() - server.updated_at < timedelta(minutes=1)
    assert server.created_at == created


# --- Foreign keys and constraints -----------------------------------------------------------------


def test_a_jobs_lines_go_with_it():
    job, other = make.job(), make.job()
    make.log_lines(job, "one", "two")
    make.log_lines(other, "three")
    sql("DELETE FROM jobs WHERE id = %s", job.pk)
    assert [line.content for line in JobLog.objects.all()] == ["three"]


def test_an_audit_line_outlives_its_user():
    user = make.user()
    pk = make.audit_line(actor=user).pk
    sql("DELETE FROM users WHERE id = %s", user.pk)
    line = AuditLog.objects.get(pk=pk)
    assert line.user_id is None
    assert line.actor_name == user.username


def test_django_deletes_a_user_as_the_database_does(boss):
    user = make.user()
    make.api_key(user)
    line = make.audit_line(actor=user)
    ticket = make.ticket(created_by=boss, assigned_to=user)
    user.delete()
    assert AuditLog.objects.get(pk=line.pk).user_id is None
    ticket.refresh_from_db()
    assert ticket.assigned_to is None


def test_an_api_key_goes_with_its_owner():
    key, _token = make.api_key()
    sql("DELETE FROM users WHERE id = %s", key.owner_id)
    assert sql("SELECT COUNT(*) FROM api_keys")[0][0] == 0


def test_who_cancelled_a_run_may_be_forgotten(boss):
    run = make.run(cancelled_by=boss)
    sql("DELETE FROM users WHERE id = %s", boss.pk)
    assert Run.objects.get(pk=run.pk).cancelled_by is None


@pytest.mark.parametrize("table", ["servers", "playbooks", "users", "runs"])
def test_nothing_that_a_job_names_can_be_deleted(table):
    job = make.job()
    key = {"servers": "server_id", "playbooks": "playbook_id", "users": "user_id", "runs": "run_id"}
    # At once, not only when the transaction ends.
    refused(f"DELETE FROM {table} WHERE id = %s", getattr(job, key[table]), error=IntegrityError)


def test_a_job_with_a_ticket_and_a_tickets_author_cannot_be_deleted():
    ticket = make.ticket(job=make.job(status=Job.Status.FAILED))
    refused("DELETE FROM jobs WHERE id = %s", ticket.job_id, error=IntegrityError)
    refused("DELETE FROM users WHERE id = %s", ticket.created_by_id, error=IntegrityError)


def test_a_row_cannot_name_what_does_not_exist():
    with pytest.raises(IntegrityError), transaction.atomic():
        insert("job_logs", {"job_id": 987_654, "line_number": 1, "content": ""})
        connection.check_constraints()
