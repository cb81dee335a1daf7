"""`manage.py seal_variables`: what earlier releases stored in clear is encrypted."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.models import AuditLog
from inventory import variable_sealing
from inventory.host_variables import opened_variables
from inventory.models import Server
from schema.encryption import generate_key
from tests import make

pytestmark = pytest.mark.django_db

VARIABLES = {"rootpw": "hunter2", "port": 80, "app": {"db_password": 12345, "name": "shop"}}


def written_before(server, variables=VARIABLES) -> Server:
    """The row as an earlier release has written it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE servers SET variables = %s, sealed_with = 0, updated_at = updated_at "
            "WHERE id = %s",
            [json.dumps(variables), server.pk],
        )
    return Server.objects.get(pk=server.pk)


def in_clear() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hostname, variables FROM servers ORDER BY id")
        return [name for name, text in cursor.fetchall() if "hunter2" in str(text)]


@pytest.fixture
def servers(db):
    rows = [written_before(make.server(hostname=f"old{number}")) for number in range(5)]
    written_before(make.server(hostname="open"), {"port": 80})
    make.server(hostname="new", variables=VARIABLES)
    return rows


def test_it_encrypts_the_rows_and_says_how_many(servers, capsys):
    assert len(in_clear()) == 5
    call_command("seal_variables")
    assert in_clear() == []
    printed = capsys.readouterr().out
    assert "Encrypted: 10 values of 5 servers." in printed
    assert "Nothing to encrypt: 1 servers." in printed
    row = Server.objects.get(hostname="old0")
    assert opened_variables(row) == VARIABLES and row.variables["port"] == 80
    assert row.updated_at == servers[0].updated_at


def test_it_is_one_line_without_a_secret_and_a_second_run_does_nothing(servers, capsys):
    call_command("seal_variables")
    before = list(Server.objects.order_by("pk").values_list("variables", flat=True))
    call_command("seal_variables")
    line = AuditLog.objects.get(action="encryption.sealed")
    assert line.details["done"] == ["10 values in 5 servers"]
    assert not AuditLog.objects.filter(action="server.updated").exists()
    assert list(Server.objects.order_by("pk").values_list("variables", flat=True)) == before


def test_a_dry_run_changes_nothing(servers, capsys):
    call_command("seal_variables", dry_run=True)
    assert len(in_clear()) == 5
    assert "Would be encrypted: 10 values of 5 servers." in capsys.readouterr().out
    assert not AuditLog.objects.filter(action="encryption.sealed").exists()


def test_it_goes_on_where_it_was_interrupted(servers, monkeypatch):
    monkeypatch.setattr(variable_sealing, "ROWS_AT_ONCE", 2)
    write, written = variable_sealing._write, []

    def lose_power(server, variables):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(server.pk)
        return write(server, variables)

    monkeypatch.setattr(variable_sealing, "_write", lose_power)
    with pytest.raises(KeyboardInterrupt):
        call_command("seal_variables")
    assert len(in_clear()) == 2
    monkeypatch.setattr(variable_sealing, "_write", write)
    call_command("seal_variables")
    assert in_clear() == []
    done = AuditLog.objects.filter(action="encryption.sealed").order_by("id")
    assert [line.details["done"] for line in done] == [
        ["6 values in 3 servers"],
        ["4 values in 2 servers"],
    ]


def test_a_server_that_is_edited_meanwhile_keeps_the_edit(servers, boss, monkeypatch):
    write = variable_sealing._write

    def edit_first(server, variables):
        if server.hostname == "old1":
            Server.objects.get(pk=server.pk).edit(boss, variables={"rootpw": "hunter3"})
        return write(server, variables)

    monkeypatch.setattr(variable_sealing, "_write", edit_first)
    with pytest.raises(CommandError, match="Edited meanwhile: 1 servers"):
        call_command("seal_variables")
    assert opened_variables(Server.objects.get(hostname="old1")) == {"rootpw": "hunter3"}
    assert in_clear() == []


def test_what_no_key_opens_is_named_and_the_rest_done(servers, settings):
    row = Server.objects.get(hostname="new")
    written_before(row, {"credentials": {"nested": row.variables["rootpw"]}})
    settings.ENCRYPTION_KEYS = [generate_key()]
    with pytest.raises(CommandError, match="of: new"):
        call_command("seal_variables")
    assert in_clear() == []


def test_health_says_that_it_is_needed_and_stays_well(servers, api_of, bob):
    answer = api_of(bob).get("/api/health")
    found = answer.json()["parts"]["variables"]
    assert found["status"] == "ok" and found["unsealed_servers"] == 6
    assert "manage.py seal_variables" in found["advice"] and "old0" in found["advice"]
    call_command("seal_variables")
    found = api_of(bob).get("/api/health").json()["parts"]["variables"]
    assert found["unsealed_servers"] == 0 and "advice" not in found


def test_a_row_that_is_no_object_does_not_stop_it(servers, capsys):
    written_before(servers[0], ["rootpw", "hunter2"])
    call_command("seal_variables")
    assert in_clear() == ["old0"]  # nothing says which of the texts is a secret
    assert not Server.objects.filter(sealed_with=0).exists()
