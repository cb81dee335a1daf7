"""Credentials: what is stored, what is rejected, what the audit trail records."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from django.core.exceptions import ValidationError
from django.db import connection

from audit.models import AuditLog
from inventory.models import Credential
from inventory.ssh_keys import without_passphrase
from schema.encryption import Sealed, Undecryptable, generate_key
from tests import make
from tests.private_servers import generate_key as generate_ssh_key
from tests.private_servers import program

pytestmark = pytest.mark.django_db

PASSPHRASE = "open sesame"


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, str]:
    """Typical private keys, by kind."""
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for kind in ("ed25519", "ecdsa", "rsa"):
        for name, passphrase in ((kind, ""), (f"{kind} closed", PASSPHRASE)):
            path = folder / name.replace(" ", "_")
            generate_ssh_key(path, passphrase, kind)
            found[name] = path.read_text()
            found[f"{name} pem"] = as_pem(path, passphrase) if kind != "ed25519" else ""
    found["public"] = (folder / "ed25519.pub").read_text()
    return found


def as_pem(path: Path, passphrase: str) -> str:
    copy = path.with_name(f"{path.name}.pem")
    copy.touch(mode=0o600)
    copy.write_text(path.read_text())
    change = [program("ssh-keygen"), "-q", "-p", "-m", "PEM", "-P", passphrase, "-N", passphrase]
    subprocess.run([*change, "-f", str(copy)], check=True)
    return copy.read_text()


@pytest.mark.parametrize(
    "kind", ["ed25519", "ecdsa", "rsa", "ecdsa pem", "rsa pem"], ids=lambda kind: kind
)
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.on_either
def test_a_key_comes_out_in_opensshs_format_without_its_passphrase(keys, kind, closed):
    name, *pem = kind.split()
    text = keys[" ".join([name, *(["closed"] if closed else []), *pem])]

    key = without_passphrase(text, PASSPHRASE if closed else "")

    assert "BEGIN OPENSSH PRIVATE KEY" in key
    assert load_ssh_private_key(key.encode(), None)


@pytest.mark.parametrize(
    ("kind", "passphrase", "field", "said"),
    [
        ("ed25519 closed", "", "ssh_key_passphrase", "Enter its passphrase"),
        ("ed25519 closed", "wrong", "ssh_key_passphrase", "does not open the key"),
        ("rsa closed pem", "", "ssh_key_passphrase", "Enter its passphrase"),
        ("rsa closed pem", "wrong", "ssh_key_passphrase", "does not open the key"),
        ("ed25519", "any", "ssh_key_passphrase", "has no passphrase"),
        ("rsa pem", "any", "ssh_key_passphrase", "has no passphrase"),
        ("public", "", "ssh_private_key", "This is a public key"),
        ("nonsense", "", "ssh_private_key", "is not a private key"),
        ("nonsense", "any", "ssh_private_key", "is not a private key"),
    ],
)
@pytest.mark.on_either
def test_what_is_no_usable_key_is_refused_at_its_field(keys, kind, passphrase, field, said):
    text = keys.get(kind, "nonsense")
    credential = Credential(name="x", ssh_private_key=text, ssh_key_passphrase=passphrase)

    with pytest.raises(ValidationError) as error:
        credential.full_clean()

    assert list(error.value.message_dict) == [field]
    assert said in error.value.message_dict[field][0]


def test_a_key_as_a_browser_sends_it(keys):
    text = keys["ed25519"].replace("\n", "\r\n").strip()

    assert Credential(name="x", ssh_private_key=text).open_private_key()


def test_a_passphrase_without_a_key_is_refused():
    with pytest.raises(ValidationError, match="A passphrase needs a private key"):
        Credential(name="x", ssh_key_passphrase="x").full_clean()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PATH": "/tmp"}, "control the worker"),
        ({"LD_PRELOAD": "/tmp/x.so"}, "control the worker"),
        ({"ANSIBLE_HOST_KEY_CHECKING": "False"}, "control the worker"),
        ({"pythonpath": "/tmp"}, "control the worker"),
        ({"A B": "x"}, "letters, digits"),
        ({"A;id": "x"}, "letters, digits"),
        ({"A": 1}, "must be text"),
        ({"A": "x\0y"}, "must be text"),
        (["A"], "Enter an object"),
    ],
)
def test_an_environment_that_would_steer_the_worker_is_refused(environment, said):
    with pytest.raises(ValidationError) as error:
        Credential(name="x", environment=environment).full_clean()

    assert said in " ".join(error.value.message_dict["environment"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("ssh_user", "-oProxyCommand=id"), ("become_method", "su do"), ("become_user", "a b")],
)
def test_a_name_that_is_none_is_refused(field, value):
    with pytest.raises(ValidationError) as error:
        Credential(name="x", **{field: value}).full_clean()
    assert list(error.value.message_dict) == [field]


def test_a_name_is_there_once_whatever_its_case():
    make.credential(name="Prod")
    with pytest.raises(ValidationError, match="already a credential with this name"):
        Credential(name="prod").full_clean()


def test_no_secret_is_in_the_database_in_clear():
    make.credential(ssh_password="hunter2", environment={"TOKEN": "hunter3"})

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM credentials")
        row = cursor.fetchone()

    assert "hunter" not in str(row) and "TOKEN" not in str(row)
    assert Credential.objects.get().opened("ssh_password") == "hunter2"
    assert Credential.objects.get().opened_environment() == {"TOKEN": "hunter3"}


def test_a_row_in_memory_holds_no_secret_in_clear():
    credential = Credential(ssh_password="hunter2")

    assert isinstance(credential.ssh_password, Sealed)
    assert "hunter2" not in str(vars(credential))
    assert credential.secrets_set == ["ssh_password"]


def test_a_secret_that_no_key_opens_is_named(settings):
    credential = make.credential(name="prod", become_password="x")
    settings.ENCRYPTION_KEYS = [generate_key()]

    with pytest.raises(Undecryptable, match=r"“prod” \(become password\): No key"):
        credential.opened("become_password")
    credential.become_password = "y"
    credential.full_clean()


# --- Audit ----------------------------------------------------------------------------------------


def test_a_change_is_one_line_that_names_the_secrets_and_not_their_values():
    credential = Credential(name="prod", ssh_password="hunter2", environment={"A": "hunter3"})
    credential.save()
    credential.become_password, credential.ssh_password = "hunter4", ""
    credential.description = "changed"
    credential.save()
    credential.save()
    credential.delete()

    lines = AuditLog.objects.filter(resource_type="credential").order_by("id")
    created, updated, deleted = lines
    assert [line.action for line in (created, updated, deleted)] == [
        "credential.created",
        "credential.updated",
        "credential.deleted",
    ]
    assert sorted(created.details["given"]) == ["environment", "ssh_password"]
    assert "cleared" not in created.details
    assert updated.details["given"] == ["become_password"]
    assert updated.details["cleared"] == ["ssh_password"]
    assert deleted.details["cleared"] == ["become_password", "environment"]
    assert updated.details["changes"] == {"description": ["", "changed"]}
    assert "hunter" not in str([line.details for line in (created, updated, deleted)])
    assert "gAAAA" not in str([line.details for line in (created, updated, deleted)])


def test_a_servers_new_credential_is_recorded_by_its_number():
    server, credential = make.server(), make.credential()
    server.credential = credential
    server.save()

    line = AuditLog.objects.get(action="server.updated")
    assert line.details["changes"] == {"credential": [None, credential.pk]}
