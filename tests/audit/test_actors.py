"""Who acted, in ways that outlive the user; and refusals, which strangers can repeat."""

import os
import pwd

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from audit.context import acting_as, terminal
from audit.models import AuditLog
from audit.seals.verifying import verify_trail
from tests import make

pytestmark = pytest.mark.django_db


def last() -> AuditLog:
    return AuditLog.objects.order_by("-id")[0]


def test_a_line_keeps_the_id_of_its_actor(alice):
    """`user_id` becomes NULL when the user is deleted; `details` never change."""
    assert make.audit_line(actor=alice).details["actor_id"] == alice.pk
    assert make.audit_line().details["actor_id"] is None
    server = make.server()
    with acting_as(alice):
        server.ssh_port = 2222
        server.save()  # recorded by django-auditlog
    assert last().action == "server.updated"
    assert last().details["actor_id"] == alice.pk


@pytest.mark.django_db(transaction=True)
def test_whoever_deletes_their_own_account_is_recorded_without_a_row(boss, client_of):
    make.user(username="other", role="admin")
    path = reverse("admin:accounts_user_delete", args=[boss.pk])
    assert client_of(boss).post(path, {"post": "yes"}).status_code == 302
    line = AuditLog.objects.get(action="user.deleted")
    assert (line.user_id, line.actor_name, line.details["actor_id"]) == (None, "boss", boss.pk)
    assert verify_trail(None).findings == []


def test_a_command_names_the_system_user_and_host(db, monkeypatch):
    terminal.cache_clear()
    monkeypatch.setattr("sys.argv", ["manage.py", "import_inventory", "hosts"])
    monkeypatch.setenv("SUDO_USER", "maria")
    monkeypatch.setattr("socket.gethostname", lambda: "ops1")
    try:
        details = AuditLog.objects.record("server.updated").details
        assert details["terminal"] == {
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "host": "ops1",
            "sudo": "maria",
        }
        monkeypatch.setattr("sys.argv", ["/usr/bin/gunicorn", "infraops"])
        assert "terminal" not in AuditLog.objects.record("server.updated").details
    finally:
        terminal.cache_clear()


def test_a_system_user_without_a_name_is_a_number(monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    terminal.cache_clear()
    monkeypatch.setattr("pwd.getpwuid", unknown)
    try:
        assert terminal()["user"] == str(os.geteuid())
    finally:
        terminal.cache_clear()


def test_what_strangers_can_repeat_is_one_line_a_minute(alice):
    with acting_as(None, ip_address="192.0.2.1"):
        assert AuditLog.objects.record_once("apikey.refused") is not None
        assert AuditLog.objects.record_once("apikey.refused") is None
        assert AuditLog.objects.record_once("apikey.refused", make.api_key(alice)[0]) is not None
    with acting_as(None, ip_address="192.0.2.2"):
        assert AuditLog.objects.record_once("apikey.refused") is not None


def test_what_cannot_be_recorded_does_not_turn_a_refusal_into_an_error(db, caplog):
    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT"):
            raise OperationalError(1290, "The server is running with --read-only")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert AuditLog.objects.record_once("apikey.refused") is None
    assert "could not be recorded" in caplog.text
