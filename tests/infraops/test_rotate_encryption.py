"""`manage.py rotate_encryption`: afterwards, the first key alone decrypts every secret."""

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditLog
from automation import variables
from automation.models import Job, Run, VaultPassword
from infraops import rotation
from inventory.models import Credential
from schema.encryption import generate_key
from tests import make

OLD, NEW = generate_key(), generate_key()
SCHEMA = {"given": {"type": "string", "secret": True}}

pytestmark = pytest.mark.django_db


@pytest.fixture
def secrets(settings):
    """Rows under the old key, with the new key in front."""
    settings.ENCRYPTION_KEYS = [OLD]
    credential = make.credential(ssh_password="one", environment={"TOKEN": "two"})
    vault = make.vault_password("three")
    values = variables.sealed(SCHEMA, {"given": "four"}) | {"plain": {"a": 1}}
    job = make.job(run=make.run(extra_vars=values), extra_vars=values)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    return credential, vault, job


def opened():
    return [
        Credential.objects.get().opened("ssh_password"),
        Credential.objects.get().opened_environment(),
        VaultPassword.objects.get().opened(),
        variables.opened(Run.objects.get(extra_vars__has_key="given").extra_vars),
        variables.opened(Job.objects.get().extra_vars),
    ]


VALUES = {"given": "four", "plain": {"a": 1}}
ALL = ["one", {"TOKEN": "two"}, "three", VALUES, VALUES]


def test_afterwards_the_new_key_alone_opens_everything(settings, secrets, capsys):
    edited = secrets[0].updated_at

    call_command("rotate_encryption")

    settings.ENCRYPTION_KEYS = [NEW]
    assert opened() == ALL
    assert "Re-encrypted: 2 in credentials." in capsys.readouterr().out
    assert Credential.objects.get().updated_at == edited


def test_it_is_recorded_once_and_without_a_secret(secrets):
    call_command("rotate_encryption")
    call_command("rotate_encryption")

    line = AuditLog.objects.get(action="encryption.rotated")
    counts = ["2 in credentials", "1 in vault_passwords", "1 in runs", "1 in jobs"]
    assert sorted(line.details["done"]) == sorted(counts)


def test_a_dry_run_changes_nothing(secrets, capsys):
    before = Credential.objects.get().ssh_password

    call_command("rotate_encryption", dry_run=True)

    assert Credential.objects.get().ssh_password == before
    assert "Would be re-encrypted: 1 in vault_passwords." in capsys.readouterr().out
    assert not AuditLog.objects.filter(action="encryption.rotated").exists()


def test_what_is_under_the_first_key_stays_as_it_is(settings, secrets):
    call_command("rotate_encryption")
    before = Credential.objects.get().ssh_password

    report = rotation.rotate()

    assert report.anew == {}
    assert report.current == {"credentials": 2, "vault_passwords": 1, "runs": 1, "jobs": 1}
    assert Credential.objects.get().ssh_password == before


def test_it_goes_on_where_it_was_interrupted(settings, secrets, monkeypatch):
    monkeypatch.setattr(rotation, "ROWS_AT_ONCE", 1)
    write, written = rotation._write, []

    def lose_power(*row):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(row)
        write(*row)

    monkeypatch.setattr(rotation, "_write", lose_power)
    with pytest.raises(KeyboardInterrupt):
        call_command("rotate_encryption")
    monkeypatch.setattr(rotation, "_write", write)

    report = rotation.rotate()

    settings.ENCRYPTION_KEYS = [NEW]
    assert opened() == ALL
    assert sum(report.anew.values()) == 3


def test_what_no_key_opens_is_named_and_the_rest_done(settings, secrets, capsys):
    settings.ENCRYPTION_KEYS = [generate_key()]
    lost = make.credential(ssh_password="lost")
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    with pytest.raises(CommandError, match=f"credentials {lost.pk}: ssh_password"):
        call_command("rotate_encryption")

    assert "Re-encrypted: 2 in credentials." in capsys.readouterr().out


def test_every_place_of_a_secret_is_known():
    columns = {(model._meta.db_table, name) for model, name in rotation._places()}

    assert columns == {
        *(("credentials", name) for name in Credential.SECRETS),
        ("vault_passwords", "password"),
        ("runs", "extra_vars"),
        ("jobs", "extra_vars"),
        ("inventory_sources", "content"),
        *(("variable_overrides", name) for name in ("value", "replaced")),
        *((table, "variables") for table in ("servers", "server_groups")),
        *((table, "variable_files") for table in ("servers", "server_groups")),
    }
