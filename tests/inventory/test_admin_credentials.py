"""Credentials in the console: written, never shown."""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from inventory.models import Credential
from tests import make
from tests.recording import recorded

ADD = reverse("admin:inventory_credential_add")
FORM = {"name": "prod", "is_active": "on", "ssh_user": "deploy"}


def page(credential):
    return reverse("admin:inventory_credential_change", args=[credential.pk])


def errors(answer):
    return dict(answer.context["adminform"].form.errors)


def test_an_admin_adds_one(client_of, boss):
    text = 'A=it\'s "one"\r\n\r\n# no\r\nB=x=y\r\n'
    client = client_of(boss)
    with recorded() as lines:
        answer = client.post(ADD, FORM | {"new_ssh_password": " p ", "new_environment": text})
    assert answer.status_code == 302, errors(answer)
    credential = Credential.objects.get()
    assert credential.opened("ssh_password") == " p "
    assert credential.opened_environment() == {"A": 'it\'s "one"', "B": "x=y"}
    assert lines == ["credential.created by boss"]


def test_nothing_that_is_stored_comes_back(client_of, boss, alice):
    credential = make.credential(
        ssh_password="hunter2", become_password="hunter3", environment={"TOKEN": "hunter4"}
    )
    for who in (boss, alice):
        shown = client_of(who).get(page(credential)).content.decode()
        assert "SSH password, become password, environment variables" in shown
        for secret in ("hunter", "TOKEN", credential.ssh_password, credential.environment):
            assert secret not in shown


def test_what_was_typed_does_not_come_back_with_an_error(client_of, boss):
    answer = client_of(boss).post(
        ADD, {**FORM, "name": "", "new_ssh_private_key": "hunter2", "new_environment": "hunter3"}
    )
    assert answer.status_code == 200
    assert "hunter" not in answer.content.decode()
    assert "Each line must be NAME=value" in str(errors(answer)["new_environment"])


def test_an_empty_field_keeps_a_tick_clears(client_of, boss):
    credential = make.credential(name="prod", ssh_password="one", become_password="two")
    client = client_of(boss)
    with recorded() as lines:
        client.post(page(credential), FORM | {"clear_ssh_password": "on"})
    credential.refresh_from_db()
    assert credential.secrets_set == ["become_password"]
    assert credential.opened("become_password") == "two"
    assert lines == ["credential.updated by boss"]
    line = AuditLog.objects.first()
    assert line.details["cleared"] == ["ssh_password"]


def test_a_new_one_and_a_tick_do_not_go_together(client_of, boss):
    credential = make.credential(name="prod", ssh_password="one")
    both = FORM | {"clear_ssh_password": "on", "new_ssh_password": "two"}
    answer = client_of(boss).post(page(credential), both)
    assert "not both" in str(errors(answer)["new_ssh_password"])
    credential.refresh_from_db()
    assert credential.opened("ssh_password") == "one"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("new_ssh_private_key", "nonsense", "not a private key"),
        ("new_ssh_key_passphrase", "alone", "A passphrase needs a private key"),
        ("new_environment", "PATH=/tmp", "control the worker"),
    ],
)
def test_an_error_stands_at_its_field(client_of, boss, field, value, said):
    answer = client_of(boss).post(ADD, FORM | {field: value})
    assert said in str(errors(answer)[field])
    assert not Credential.objects.exists()


def test_one_that_is_used_stays(client_of, boss):
    credential = make.credential()
    make.server(credential=credential)
    url = reverse("admin:inventory_credential_delete", args=[credential.pk])
    assert "used by servers" in client_of(boss).get(url).content.decode()
    client_of(boss).post(url, {"post": "yes"})
    assert Credential.objects.exists()


def test_a_server_gets_one(client_of, boss):
    credential, server = make.credential(), make.server()
    url = reverse("admin:inventory_server_change", args=[server.pk])
    form = {
        **{"hostname": server.hostname, "ip_address": server.ip_address, "ssh_port": 22},
        **{"environment": "production", "tags": "{}", "variables": "{}", "is_active": "on"},
    }
    assert client_of(boss).post(url, form | {"credential": credential.pk}).status_code == 302
    server.refresh_from_db()
    assert server.credential == credential
