"""An exported inventory is read by Ansible to what the original was read to."""

import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from audit.models import AuditLog
from inventory.ansible.reading import read
from inventory.exporting import export_inventory, read_export
from inventory.exporting.documents import as_yaml, export_files
from inventory.exporting.vault import encrypted
from inventory.importing import import_inventory
from inventory.management.commands.export_inventory import write_files
from inventory.models import Inventory, Server
from schema.exceptions import Refused
from tests import make
from tests.inventory.listed import (
    INVENTORIES,
    laid_out,
    members,
    seen_by_ansible,
)

pytestmark = [pytest.mark.on_either, pytest.mark.django_db]

PASSWORD = "correct horse"
# Ansible would try to open what is no real vault.
WITHOUT_VAULT = "vaulted values"


def imported(kind: str, tmp_path: Path) -> tuple[Path, Inventory]:
    path = laid_out(tmp_path / "bare" / "original", INVENTORIES[kind])
    assert not import_inventory(read(path), "lab").refused
    return path, Inventory.objects.get(name="lab")


def seen_with_password(path: Path, tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    return seen_by_ansible(path, "--vault-password-file", str(file))


def assert_same(after: dict[str, Any], before: dict[str, Any]) -> None:
    assert json.dumps(after["_meta"]["hostvars"], sort_keys=True) == json.dumps(
        before["_meta"]["hostvars"], sort_keys=True
    )
    assert members(after) == members(before)


# --- Round trip -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", INVENTORIES)
def test_a_folder_is_read_to_the_same(kind, tmp_path, boss):
    path, lab = imported(kind, tmp_path)
    is_open = kind == WITHOUT_VAULT
    secrets = {} if is_open else {"with_secrets": True, "vault_password": PASSWORD}
    write_files(export_inventory(boss, lab, "folder", **secrets), tmp_path / "out", is_folder=True)
    out = tmp_path / "out" / "hosts.yml"
    after = seen_by_ansible(out) if is_open else seen_with_password(out, tmp_path)
    assert_same(after, seen_by_ansible(path))


@pytest.mark.slow
@pytest.mark.parametrize("kind", INVENTORIES)
def test_what_a_script_would_print_is_read_to_the_same(kind, tmp_path):
    path, lab = imported(kind, tmp_path)
    listing = json.dumps(read_export(lab, with_secrets=True).dynamic)
    script = tmp_path / "script" / "hosts"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\ncat <<'END-OF-IT'\n{listing}\nEND-OF-IT\n")
    script.chmod(0o755)
    assert_same(seen_by_ansible(script), seen_by_ansible(path))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_single_file_is_read_to_the_same_and_imports_without_a_change(kind, tmp_path, boss):
    path, lab = imported("YAML with odd values and names", tmp_path)
    ((name, text),) = export_inventory(boss, lab, kind).items()
    out = tmp_path / "out" / name
    write_files({name: text}, out.parent, is_folder=True)
    assert_same(seen_by_ansible(out), seen_by_ansible(path))
    again = import_inventory(read(out), "lab")
    assert not (again.added or again.changed or again.refused)
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_single_file_is_refused_where_files_set_variables(kind, boss):
    make.server(hostname="web1", variable_files=[{"path": "host_vars/web1.yml", "variables": {}}])
    with pytest.raises(Refused, match="Export it as a folder"):
        export_inventory(boss, Inventory.objects.default(), kind)


@pytest.mark.parametrize("name", ["web[1:3]", "web:22", "a[b]"])
def test_a_name_that_yaml_would_read_otherwise_is_refused(name, boss):
    lab = make.inventory(name="lab")
    make.server(hostname=name, inventory=lab)
    with pytest.raises(Refused, match=re.escape(f"a host called “{name}”")):
        export_inventory(boss, lab, "yaml")


def test_servers_made_by_hand_have_what_their_columns_say(boss):
    make.server(
        hostname="web1", ip_address="192.0.2.1", ssh_port=2222, ssh_user="deploy", is_active=True
    )
    make.server(hostname="off", is_active=False)
    listing = read_export(Inventory.objects.default()).listing
    assert listing["_meta"]["hostvars"] == {
        "web1": {"ansible_host": "192.0.2.1", "ansible_port": 2222, "ansible_user": "deploy"}
    }


def test_texts_survive_yaml():
    texts = [
        "yes",
        "1e3",
        "0o7",
        "~",
        " x ",
        "a\nb\n",
        "\x85",
        "\u2028",
        "👩‍👩‍👧",
        "\t",
        "{{ a }}",
        "#",
    ]
    texts += ["12:30", "2024-01-01", "a: b", "\0", "\x07", "é" * 300, "x " * 200, "-", "!x", "\r\n"]
    for text in texts:
        assert yaml.safe_load(as_yaml({"x": [text]})) == {"x": [text]}, text
    numbers = [10**30, -1, 1.5, 1e300, True, None, [], {}]
    assert yaml.safe_load(as_yaml(numbers)) == numbers
    vaulted = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3132\n"}
    assert as_yaml({"x": vaulted}).startswith("x: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n")
    assert as_yaml({"x": {"__ansible_unsafe": "{{ a }}"}}) == 'x: !unsafe "{{ a }}"\n'


# --- Secrets --------------------------------------------------------------------------------------


def secretive() -> Inventory:
    make.server(hostname="web1", variables={"db_password": "hunter2-secret", "port": 80})
    group = make.group("web", Server.objects.get())
    group.variables = {"api": {"token": "hunter3-secret", "host": "x"}}
    group.save()
    return Inventory.objects.default()


def test_secrets_are_masked_where_they_stand(bob):
    inventory = secretive()
    for kind in ("yaml", "json", "folder", "dynamic"):
        text = "".join(export_inventory(bob, inventory, kind).values())
        assert "hunter" not in text and "********" in text
    listing = read_export(inventory).dynamic
    web1 = listing["_meta"]["hostvars"]["web1"]
    assert (web1["db_password"], web1["port"]) == ("********", 80)
    assert listing["web"]["vars"]["api"] == {"token": "********", "host": "x"}


@pytest.mark.slow
def test_asterisks_never_replace_a_stored_secret(boss, tmp_path):
    inventory = secretive()
    write_files(export_inventory(boss, inventory, "yaml"), tmp_path / "hosts.yml", is_folder=False)
    with pytest.raises(Refused, match=r"“api” of web: .* stands for a secret"):
        import_inventory(read(tmp_path / "hosts.yml"))
    assert read_export(inventory, with_secrets=True).of_host("web1")["db_password"] == (
        "hunter2-secret"
    )


@pytest.mark.parametrize("user", ["bob", "alice", "vera"])
def test_secrets_are_for_admins(user, request):
    inventory = secretive()
    for kind in ("yaml", "dynamic"):
        with pytest.raises(PermissionDenied):
            export_inventory(
                request.getfixturevalue(user),
                inventory,
                kind,
                with_secrets=True,
                vault_password=PASSWORD,
            )


@pytest.mark.parametrize("password", ["", "short"])
def test_secrets_need_a_password(password, boss):
    inventory = secretive()
    with pytest.raises(ValidationError):
        export_inventory(boss, inventory, "yaml", with_secrets=True, vault_password=password)
    with pytest.raises(Refused):
        export_files(read_export(inventory, with_secrets=True), "yaml")


def test_an_export_is_recorded(boss):
    inventory = secretive()
    export_inventory(boss, inventory, "yaml", with_secrets=True, vault_password=PASSWORD)
    line = AuditLog.objects.latest("id")
    assert (line.action, line.resource_id) == ("inventory.exported", str(inventory.pk))
    assert line.details["format"] == "yaml" and line.details["secrets"] is True
    assert line.details["servers"] == 1
    assert PASSWORD not in json.dumps(line.details)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "plain: é\n", "x" * 1000])
def test_ansible_vault_decrypts_it(text, tmp_path):
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "sealed").write_text(encrypted(text, PASSWORD))
    program = Path(sys.executable).with_name("ansible-vault")
    done = subprocess.run(
        [program, "view", "--vault-password-file", "password", "sealed"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(tmp_path),
            "PAGER": "cat",
        },
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().rstrip("\n") == text.rstrip("\n")


# --- The command ----------------------------------------------------------------------------------


def test_the_command_prints_the_default_inventory(boss):
    secretive()
    out = StringIO()
    call_command("export_inventory", stdout=out)
    assert out.getvalue().startswith("all:\n")
    assert "db_password: '********'" in out.getvalue()
    assert AuditLog.objects.latest("id").action == "inventory.exported"


def test_the_command_writes_a_folder_with_secrets(boss, tmp_path):
    secretive()
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    call_command(
        "export_inventory",
        "default",
        format="folder",
        output=tmp_path / "out",
        secrets=True,
        vault_password_file=tmp_path / "password",
    )
    text = (tmp_path / "out" / "hosts.yml").read_text()
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "folder"}, "--output PATH"),
        ({"secrets": True}, "--vault-password-file FILE"),
        ({"vault_password_file": Path("x")}, "goes with --secrets"),
        ({"secrets": True, "vault_password_file": Path("/nonexistent")}, "cannot be read"),
        ({"output": Path("/")}, "already exists"),
    ],
)
def test_the_command_says_what_is_missing(options, said, boss):
    secretive()
    with pytest.raises(CommandError, match=said):
        call_command("export_inventory", **options)


def test_the_command_names_the_inventories(boss):
    with pytest.raises(CommandError, match="There is no inventory “nowhere”"):
        call_command("export_inventory", "nowhere")
