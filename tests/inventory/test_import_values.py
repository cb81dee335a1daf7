"""`manage.py import_inventory`: odd hosts, names and values, secrets, vaulted values."""

import json
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError

from audit.models import AuditLog
from inventory.host_variables import opened_variables
from inventory.models import Inventory, Server, ServerGroup
from tests import make
from tests.inventory.test_import_inventory import counts, imported, one

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.on_either,
]  # runs ansible-inventory


def test_hosts_that_only_ansible_can_reach_are_taken_as_they_are(tmp_path):
    lines = [
        "alias",
        "named ansible_host=nowhere.invalid ansible_user='{{ login }}'",
        "templated ansible_host='{{ address }}' ansible_port='{{ port }}'",
        "odd ansible_port=99999 ansible_ssh_private_key_file=/etc/passwd",
        "windows ansible_connection=winrm",
        "labelled environment=" + "x" * 60,
        "2001:db8::1",
    ]
    printed = imported(one(tmp_path, "\n".join(lines)))
    assert counts(printed) == {"added": 7, "changed": 0, "unchanged": 0, "refused": 0}
    columns = Server.objects.values_list("ip_address", "ssh_port", "ssh_user", "ssh_key_path")
    assert set(columns) == {("", 22, "", "")}
    assert Server.objects.get(hostname="templated").variables["ansible_port"] == "{{ port }}"
    assert set(Server.objects.values_list("environment", flat=True)) == {"development"}


def test_one_bad_host_is_refused_with_its_reason(tmp_path):
    path = one(tmp_path, "web1 infraops_secret_variables=5\nweb2")
    printed = imported(path)
    assert counts(printed) == {"added": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert "Refused: web1: infraops_secret_variables is not a list of names." in printed
    assert Server.objects.get().hostname == "web2"


def test_names_that_differ_in_case_or_accents_are_several(tmp_path):
    path = one(tmp_path, "upper\nUPPER\nbüro\nburo")
    assert counts(imported(path, inventory="Lab"))["added"] == 4
    found = Server.objects.order_by("position").values_list("inventory_name", "hostname")
    assert list(found) == [
        ("upper", "upper@lab"),
        ("UPPER", "upper~2@lab"),
        ("büro", "büro@lab"),
        ("buro", "buro~2@lab"),
    ]
    assert counts(imported(path, inventory="Lab"))["unchanged"] == 4


def test_a_name_that_was_stored_in_lower_case_gets_its_own(tmp_path):
    server = make.server(hostname="web-eins")
    imported(one(tmp_path, "WEB-Eins ansible_host=192.0.2.1"))
    server.refresh_from_db()
    assert (server.hostname, server.inventory_name) == ("web-eins", "WEB-Eins")


def test_each_inventory_has_its_own_hosts_and_groups(tmp_path):
    path = one(tmp_path, "[web]\nweb1 ansible_host=192.0.2.1")
    imported(path)
    imported(path, inventory="staging", environment="staging")
    assert set(Server.objects.values_list("hostname", "environment")) == {
        ("web1", "development"),
        ("web1@staging", "staging"),
    }
    assert ServerGroup.objects.filter(name="web").count() == 2
    staging = Inventory.objects.get(name="staging")
    assert not staging.separates_environments
    with pytest.raises(CommandError, match="cannot contain"):
        imported(path, inventory="a@b")


def test_a_cycle_with_what_people_added_is_refused_with_the_path(tmp_path):
    path = one(tmp_path, "[a:children]\nb\n[b]\nweb1")
    imported(path)
    a, b, c = (*ServerGroup.objects.filter(name__in="ab").order_by("name"), make.group("c"))
    b.set_members(children=[c])
    path.write_text("[a:children]\nb\n[b]\nweb1\n[c:children]\na\n")
    with pytest.raises(CommandError, match="cannot contain itself: a → b → c → a"):
        imported(path)
    assert not c.members.exists() and a.members.exists()


def test_secrets_are_encrypted_and_named(tmp_path):
    line = (
        "web1 ansible_host=192.0.2.1 ansible_password=hunter2 ansible_become_pass=hunter2 "
        'api_token=hunter2 password_login=True app=\'{"db": {"password": "hunter2"}}\' color=red'
    )
    printed = imported(one(tmp_path, line))
    server = Server.objects.get()
    assert opened_variables(server) == {
        "ansible_host": "192.0.2.1",
        "ansible_password": "hunter2",
        "ansible_become_pass": "hunter2",
        "api_token": "hunter2",
        "app": {"db": {"password": "hunter2"}},
        "color": "red",
        "password_login": True,
    }
    assert "hunter2" not in printed + str(server.variables)
    assert "Encrypted: ansible_password of web1" in printed
    assert "Encrypted: app.db.password of web1" in printed
    assert counts(imported(tmp_path / "one.ini"))["unchanged"] == 1
    assert not AuditLog.objects.filter(details__icontains="hunter2").exists()


def test_a_groups_secret_is_told_once(tmp_path):
    hosts = "\n".join(f"web{n} ansible_host=192.0.2.{n}" for n in range(1, 13))
    printed = imported(one(tmp_path, f"{hosts}\n[all:vars]\napi_token=hunter2"))
    (line,) = (line for line in printed.splitlines() if line.startswith("Encrypted"))
    assert line == "Encrypted: api_token of all"


def test_an_inventory_can_mark_secrets_and_the_marks_stay(tmp_path):
    line = "web1 ansible_host=192.0.2.1 shop=hunter2 rack=4"
    imported(one(tmp_path, f"{line} infraops_secret_variables=shop,rack"))
    server = Server.objects.get()
    assert {"rack", "shop"} <= set(server.secret_variables)
    opened = opened_variables(server)
    assert (opened["shop"], opened["rack"]) == ("hunter2", 4)
    imported(one(tmp_path, line.replace("hunter2", "hunter3")))
    server.refresh_from_db()
    opened = opened_variables(server)
    assert (opened["shop"], opened["rack"]) == ("hunter3", 4)
    assert "hunter" not in str(server.variables)
    assert not AuditLog.objects.filter(details__icontains="hunter").exists()


def test_vaulted_values_and_files_stay_vaulted(tmp_path):
    (tmp_path / "group_vars" / "all").mkdir(parents=True)
    path = one(tmp_path, "web1 ansible_host=192.0.2.1")
    vault = "$ANSIBLE_VAULT;1.1;AES256\n3132\n"
    indented = vault.replace("\n", "\n  ")
    (tmp_path / "group_vars" / "all" / "main.yml").write_text(
        f"note: !vault |\n  {indented}\na: 1\n"
    )
    (tmp_path / "group_vars" / "all" / "vault.yml").write_text(vault)
    imported(path)
    main, whole = ServerGroup.objects.get(name="all").variable_files
    assert main["variables"]["a"] == 1
    assert main["variables"]["note"]["__ansible_vault"].startswith("$ANSIBLE_VAULT;1.1;AES256")
    assert whole == {"path": "group_vars/all/vault.yml", "vaulted": vault}


def test_what_looks_like_a_stored_secret_is_data(tmp_path):
    hosts = {"all": {"hosts": {"web1": {"odd": {"$encrypted": "x"}}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    imported(tmp_path / "hosts.yml")
    assert opened_variables(Server.objects.get()) == {"odd": {"$encrypted": "x"}}


def test_a_key_inside_of_the_key_folder_is_taken(tmp_path, settings):
    key = Path(settings.SSH_KEY_ROOT) / "id_web"
    imported(one(tmp_path, f"web1 ansible_host=192.0.2.1 ansible_private_key_file={key}"))
    assert Server.objects.get().key_file() == key.resolve()


def test_no_name_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("looked up"))
    imported(one(tmp_path, "web1.example.com\nhere ansible_connection=local"))
    assert set(Server.objects.values_list("ip_address", flat=True)) == {""}
