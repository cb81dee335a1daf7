"""/api/inventory: what Ansible's scripts print, and the page that exports."""

import json
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from django.urls import reverse

from audit.models import AuditLog
from inventory.models import Inventory
from tests import make
from tests.inventory.listed import seen_by_ansible

pytestmark = pytest.mark.django_db

URL = "/api/inventory"
PASSWORD = "correct horse"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"


@pytest.fixture
def fleet(db) -> Inventory:
    row = make.inventory(name="Staging")
    web1 = make.server(hostname="web1", inventory=row, variables={"db_password": "s3cret-of-web1"})
    web2 = make.server(hostname="web2", inventory=row)
    make.server(hostname="off", inventory=row, is_active=False)
    make.server(hostname="elsewhere")
    make.group("web", web2, web1, inventory=row, variables={"port": 80})
    make.group("empty", inventory=row)
    return row


def test_it_is_what_a_script_prints(api_of, bob, fleet):
    answer = api_of(bob).get(f"{URL}?inventory=Staging").json()
    assert answer["all"]["hosts"] == ["web1", "web2"]
    assert answer["web"] == {"hosts": ["web2", "web1"], "children": [], "vars": {"port": 80}}
    assert answer["empty"]["hosts"] == []
    assert answer["_meta"]["hostvars"]["web1"]["db_password"] == "********"
    assert api_of(bob).get(URL).json()["all"]["hosts"] == ["elsewhere"]


def test_it_has_the_numbers_that_other_json_has_not(api_of, bob):
    row = make.inventory(name="Limits")
    numbers = {"most": {"$float": "inf"}, "large": {"$integer": str(2**70)}}
    make.server(hostname="web1", inventory=row, variables=numbers)
    for path in ("inventory=limits", "inventory=limits&host=web1"):
        told = json.loads(api_of(bob).get(f"{URL}?{path}").content)
        web1 = told.get("_meta", {"hostvars": {"web1": told}})["hostvars"]["web1"]
        assert (web1["most"], web1["large"]) == (float("inf"), 2**70)


def test_of_one_host_it_has_the_variables(api_of, bob, fleet):
    answer = api_of(bob).get(f"{URL}?inventory=staging&host=web1").json()
    assert answer["db_password"] == "********"
    for name in ("off", "elsewhere", "nobody"):
        assert api_of(bob).get(f"{URL}?inventory=staging&host={name}").status_code == 404
    refused = api_of(bob).get(f"{URL}?inventory=nowhere")
    assert (refused.status_code, refused.json()["fields"]) == (
        400,
        {"inventory": ["There is no inventory “nowhere”."]},
    )


def test_files_beside_the_inventory_are_merged(api_of, bob):
    group = make.group("web", make.server(hostname="web1"), variables={"a": 1, "b": 1})
    group.variable_files = [{"path": "group_vars/web.yml", "variables": {"b": 2, "token": "s3"}}]
    group.save()
    answer = api_of(bob).get(URL).json()
    merged = answer["_meta"]["hostvars"]["web1"]
    assert (merged["a"], merged["b"], merged["token"]) == (1, 2, "********")
    group.variable_files = [
        {"path": "group_vars/web.yml", "vaulted": "$ANSIBLE_VAULT;1.1;AES256\n3"}
    ]
    group.save()
    refused = api_of(bob).get(URL)
    assert refused.status_code == 409
    assert "export_inventory --format folder" in refused.json()["detail"]


def test_the_number_of_queries_does_not_grow(api_of, bob, fleet, django_assert_max_num_queries):
    client = api_of(bob)
    with django_assert_max_num_queries(8):
        client.get(f"{URL}?inventory=staging")
    for number in range(30):
        server = make.server(hostname=f"more{number}", inventory=fleet)
        make.group(f"group{number}", server, inventory=fleet)
    with django_assert_max_num_queries(8):
        assert len(client.get(f"{URL}?inventory=staging").json()) > 30


def test_with_secrets_it_is_for_admins_and_encrypted(api_of, boss, alice, fleet):
    given = {"inventory": "staging", "vault_password": PASSWORD}
    assert api_of(alice).post(URL, given).status_code == 403
    answer = api_of(boss).post(URL, given)
    assert answer.status_code == 200
    assert answer.content.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    line = AuditLog.objects.filter(action="inventory.exported").get()
    assert line.user == boss and line.details["secrets"] is True
    short = api_of(boss).post(URL, {"vault_password": "short"})
    assert (short.status_code, list(short.json()["fields"])) == (400, ["vault_password"])


@pytest.mark.slow
@pytest.mark.on_either
def test_ansible_opens_what_an_admin_read(api_of, boss, fleet, tmp_path):
    given = {"inventory": "staging", "vault_password": PASSWORD}
    (tmp_path / "sealed").write_bytes(api_of(boss).post(URL, given).content)
    (tmp_path / "password").write_text(PASSWORD)
    program = Path(sys.executable).with_name("ansible-vault")
    command = [program, "decrypt", "--vault-password-file", "password", "sealed", "--output", "-"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert told["_meta"]["hostvars"]["web1"]["db_password"] == "s3cret-of-web1"


@pytest.mark.slow
@pytest.mark.on_either
def test_ansible_reads_it_through_the_documented_script(live_server, boss, fleet, tmp_path):
    script = tmp_path / "infraops.py"
    (text,) = re.findall(r"```python\n(#!.*?)```", DOCS.read_text(), re.DOTALL)
    script.write_text(text)
    script.chmod(0o755)
    _row, token = make.api_key(make.user(role="viewer"))
    seen = seen_by_ansible(
        script,
        INFRAOPS_URL=live_server.url,
        INFRAOPS_KEY=token,
        INFRAOPS_INVENTORY="staging",
    )
    assert seen["web"]["hosts"] == ["web2", "web1"]
    web1 = seen["_meta"]["hostvars"]["web1"]
    assert (web1["db_password"], web1["port"]) == ("********", 80)
    wrong = {"INFRAOPS_URL": live_server.url, "INFRAOPS_KEY": token, "INFRAOPS_INVENTORY": "none"}
    told = subprocess.run([script, "--list"], env=wrong, capture_output=True, text=True)
    assert told.returncode == 1
    assert "There is no inventory “none”." in told.stderr


# --- The page -------------------------------------------------------------------------------------


def export_url(inventory: Inventory) -> str:
    return reverse("inventory:inventory_export", args=[inventory.pk])


def test_the_inventorys_page_leads_to_it(client_of, bob, fleet):
    page = client_of(bob).get(fleet.get_absolute_url()).content.decode()
    assert export_url(fleet) in page


def test_a_viewer_downloads_without_secrets(client_of, bob, fleet):
    page = client_of(bob).get(export_url(fleet)).content.decode()
    assert "vault_password" not in page and "2 active servers" in page
    answer = client_of(bob).post(
        export_url(fleet), {"format": "yaml", "with_secrets": "on", "vault_password": PASSWORD}
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Staging.yml"'
    assert b"s3cret" not in answer.content and b"********" in answer.content
    assert AuditLog.objects.latest("id").details["secrets"] is False


def test_an_admin_downloads_with_secrets(client_of, boss, fleet):
    given = {"format": "folder", "with_secrets": "on", "vault_password": PASSWORD}
    wrong = client_of(boss).post(export_url(fleet), given | {"again": "other"})
    assert "The passwords differ." in wrong.content.decode()
    answer = client_of(boss).post(export_url(fleet), given | {"again": PASSWORD})
    archive = zipfile.ZipFile(BytesIO(answer.content))
    assert archive.namelist() == ["Staging/hosts.yml"]
    assert archive.read("Staging/hosts.yml").startswith(b"$ANSIBLE_VAULT")


@pytest.mark.parametrize("password", ["", "short"])
def test_without_a_password_it_asks_for_one(client_of, boss, fleet, password):
    given = {"format": "yaml", "with_secrets": "on", "vault_password": password, "again": password}
    answer = client_of(boss).post(export_url(fleet), given)
    assert "Enter 8 characters or more." in answer.content.decode()
    assert not AuditLog.objects.filter(action="inventory.exported").exists()


def test_what_a_file_cannot_hold_is_said(client_of, bob):
    server = make.server(
        hostname="web1", variable_files=[{"path": "host_vars/web1.yml", "variables": {"a": 1}}]
    )
    answer = client_of(bob).post(export_url(server.inventory), {"format": "json"})
    assert "Export it as a folder." in answer.content.decode()
