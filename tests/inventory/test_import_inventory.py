"""`manage.py import_inventory`, with realistic inventories."""

import io
import json
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditLog
from inventory.host_variables import opened_variables
from inventory.models import Server
from tests import make

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.on_either,
]  # runs ansible-inventory

INI = """
[web-servers]
web1.example.com ansible_host=192.0.2.1
web2.example.com ansible_host=192.0.2.2
192.0.2.3

[db]
db1 ansible_host=2001:DB8::9 ansible_port=2222 ansible_user=postgres environment=Production

[eu:children]
web-servers
db

[eu:vars]
region=eu
backup_dir=/backup/{{ inventory_hostname }}
"""


def imported(path, **options) -> str:
    out = io.StringIO()
    call_command("import_inventory", str(path), stdout=out, stderr=out, **options)
    return out.getvalue()


def counts(printed: str) -> dict[str, int]:
    words = [line.split() for line in printed.splitlines()]
    names = ("added", "changed", "unchanged", "refused")
    return {line[0]: int(line[1]) for line in words if line and line[0] in names}


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.ini"
    path.write_text(INI)
    return path


def one(tmp_path: Path, line: str) -> Path:
    path = tmp_path / "one.ini"
    path.write_text(line + "\n")
    return path


def test_hosts_become_servers(ini):
    printed = imported(ini)
    assert counts(printed) == {"added": 4, "changed": 0, "unchanged": 0, "refused": 0}
    web = Server.objects.get(hostname="web2.example.com")
    assert (web.ip_address, web.ssh_port, web.ssh_user) == ("192.0.2.2", 22, "")
    assert (web.environment, web.is_active) == ("development", True)
    assert web.tags == {"groups": ["web-servers", "eu"]}
    assert web.variables == {"region": "eu", "backup_dir": "/backup/{{ inventory_hostname }}"}
    assert Server.objects.get(hostname="192.0.2.3").ip_address == "192.0.2.3"


def test_connection_variables_become_columns(ini):
    imported(ini)
    db = Server.objects.get(hostname="db1")
    assert (db.ip_address, db.ssh_port, db.ssh_user) == ("2001:db8::9", 2222, "postgres")
    assert db.environment == "production"
    assert set(db.variables) == {"region", "backup_dir"}


def test_a_second_run_changes_nothing(ini):
    imported(ini)
    before = AuditLog.objects.count()
    assert counts(imported(ini)) == {"added": 0, "changed": 0, "unchanged": 4, "refused": 0}
    assert AuditLog.objects.count() == before


def test_each_change_is_one_line_of_the_audit_trail(ini):
    imported(ini)
    actions = AuditLog.objects.filter(resource_type="server").values_list("action", flat=True)
    assert list(actions) == ["server.created"] * 4
    ini.write_text(INI.replace("2222", "2200"))
    assert counts(imported(ini)) == {"added": 0, "changed": 1, "unchanged": 3, "refused": 0}
    line = AuditLog.objects.get(action="server.updated")
    assert line.details["changes"] == {"ssh_port": [2222, 2200]}
    assert line.actor_name == "system"


def test_what_people_have_written_stays(ini):
    imported(ini)
    db = Server.objects.get(hostname="db1")
    db.description, db.os_type, db.is_active = "the old one", "debian", False
    db.tags, db.variables = db.tags | {"rack": "r1"}, db.variables | {"note": "slow"}
    db.save()
    assert counts(imported(ini))["unchanged"] == 4
    ini.write_text(INI.replace("region=eu", "region=us"))
    assert counts(imported(ini))["changed"] == 4
    db.refresh_from_db()
    assert (db.description, db.os_type, db.is_active) == ("the old one", "debian", False)
    assert db.tags == {"rack": "r1", "groups": ["db", "eu"]}
    assert (db.variables["note"], db.variables["region"]) == ("slow", "us")


def test_a_dry_run_writes_nothing(ini):
    printed = imported(ini, dry_run=True)
    assert "Dry run: nothing was written" in printed
    assert counts(printed)["added"] == 4
    assert not Server.objects.exists()
    assert not AuditLog.objects.filter(resource_type="server").exists()


def test_the_environment_of_the_command_line_wins(ini):
    imported(ini, environment="Staging")
    assert set(Server.objects.values_list("environment", flat=True)) == {"staging"}


def test_yaml_is_read_and_odd_variable_names_are_left_out(tmp_path):
    hosts = {"web": {"hosts": {"web1": {"ansible_host": "192.0.2.1", "motd": "où? 🚀"}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "web.yml").write_text("portée: 1\n")
    printed = imported(tmp_path / "hosts.yml")
    assert Server.objects.get().variables == {"motd": "où? 🚀"}
    assert "Skipped: portée (not a variable name" in printed


def test_what_ansible_sets_itself_is_left_out_and_keywords_are_not(tmp_path):
    variables = {"ansible_host": "192.0.2.1", "omit": "a", "port": 80, "name": "x"}
    hosts = {"web": {"hosts": {"web1": variables}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    printed = imported(tmp_path / "hosts.yml")
    assert Server.objects.get().variables == {"port": 80, "name": "x"}
    assert "Skipped: omit (set by Ansible itself)" in printed


def test_an_import_takes_away_what_was_stored_before_it_was_refused(tmp_path):
    hosts = {"web": {"hosts": {"web1": {"ansible_host": "192.0.2.1"}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    make.server(hostname="web1", variables={"hostvars": {}, "motd": "hello"})
    imported(tmp_path / "hosts.yml")
    assert Server.objects.get().variables == {"motd": "hello"}


def test_group_variables_arrive_merged(tmp_path):
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "host_vars").mkdir()
    (folder / "hosts.ini").write_text("[web]\nweb1 ansible_host=192.0.2.1\n")
    (folder / "group_vars" / "all.yml").write_text("ntp: a\nday: 2024-02-03\nlimit: .nan\n")
    (folder / "group_vars" / "web.yml").write_text("ntp: b\nansible_user: deploy\n")
    (folder / "host_vars" / "web1.yml").write_text("infraops_environment: production\n")
    imported(folder)
    server = Server.objects.get()
    assert server.variables == {"ntp": "b", "day": "2024-02-03", "limit": "NaN"}
    assert (server.ssh_user, server.environment) == ("deploy", "production")
    assert counts(imported(folder))["unchanged"] == 1


def test_a_script_runs_in_a_clean_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    monkeypatch.setenv("CLOUD_REGION", "eu")
    script = tmp_path / "dynamic"
    listing = {
        "_meta": {"hostvars": {"web1": {"ansible_host": "192.0.2.1", "seen": "[S|R]"}}},
        "web": {"hosts": ["web1"]},
    }
    script.write_text(
        f"#!/bin/sh\necho '{json.dumps(listing)}' | sed \"s/S|R/$SECRET_KEY|$CLOUD_REGION/\"\n"
    )
    script.chmod(0o700)
    imported(script)
    assert Server.objects.get().variables == {"seen": "[|]"}
    imported(script, keep_env=["CLOUD_REGION"])
    assert Server.objects.get().variables == {"seen": "[|eu]"}


# --- Rejected and left out --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("web1 ansible_host=nowhere.invalid", "cannot be resolved"),
        ("web1 ansible_host='{{ address }}'", "is not a plain value"),
        ("web1 ansible_host=192.0.2.1 ansible_port=99999", "65535"),
        ("web1 ansible_host=192.0.2.1 ansible_port='{{ port }}'", "is not a plain value"),
        ("web1 ansible_host=192.0.2.1 ansible_ssh_private_key_file=/etc/passwd", "is outside"),
        ("web1 ansible_host=192.0.2.1 ansible_ssh_private_key_file=../id", "is outside"),
        ("web1 ansible_host=192.0.2.1 ansible_connection=winrm", "winrm"),
        ("web1 ansible_host=192.0.2.1 environment=" + "x" * 60, "50"),
    ],
)
def test_one_bad_host_is_refused_with_its_reason(tmp_path, line, reason):
    path = one(tmp_path, f"{line}\nweb2 ansible_host=192.0.2.2")
    printed = imported(path)
    assert counts(printed) == {"added": 1, "changed": 0, "unchanged": 0, "refused": 1}
    (refused,) = (line for line in printed.splitlines() if line.startswith("Refused: "))
    assert reason in refused
    assert Server.objects.get().hostname == "web2"


def test_a_bad_change_leaves_the_server_as_it_was(ini):
    imported(ini)
    ini.write_text(INI.replace("2222", "0"))
    assert counts(imported(ini)) == {"added": 0, "changed": 0, "unchanged": 3, "refused": 1}
    assert Server.objects.get(hostname="db1").ssh_port == 2222


def test_names_that_differ_by_capital_letters_are_one(tmp_path):
    printed = imported(one(tmp_path, "Web1 ansible_host=192.0.2.1\nweb1 ansible_host=192.0.2.2"))
    assert counts(printed)["refused"] == 1
    assert Server.objects.get().ip_address == "192.0.2.1"


def test_secrets_are_encrypted_and_named(tmp_path):
    line = (
        "web1 ansible_host=192.0.2.1 ansible_password=hunter2 ansible_become_pass=hunter2 "
        'api_token=hunter2 password_login=True app=\'{"db": {"password": "hunter2"}}\' color=red'
    )
    printed = imported(one(tmp_path, line))
    server = Server.objects.get()
    assert opened_variables(server) == {
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
    assert line.endswith("web7 and 2 more")


def test_an_inventory_can_mark_secrets_and_the_marks_stay(tmp_path):
    line = "web1 ansible_host=192.0.2.1 shop=hunter2 rack=4"
    imported(one(tmp_path, f"{line} infraops_secret_variables=shop,rack"))
    server = Server.objects.get()
    assert sorted(server.secret_variables) == ["rack", "shop"]
    assert opened_variables(server) == {"shop": "hunter2", "rack": 4}
    imported(one(tmp_path, line.replace("hunter2", "hunter3")))
    server.refresh_from_db()
    assert opened_variables(server) == {"shop": "hunter3", "rack": 4}
    assert "hunter" not in str(server.variables)
    assert not AuditLog.objects.filter(details__icontains="hunter").exists()


def test_vaulted_values_and_files_are_named_and_left_out(tmp_path):
    (tmp_path / "group_vars" / "all").mkdir(parents=True)
    path = one(tmp_path, "web1 ansible_host=192.0.2.1")
    vault = "$ANSIBLE_VAULT;1.1;AES256\n  3132\n"
    (tmp_path / "group_vars" / "all" / "main.yml").write_text(f"note: !vault |\n  {vault}\na: 1\n")
    (tmp_path / "group_vars" / "all" / "vault.yml").write_text(vault)
    printed = imported(path)
    assert Server.objects.get().variables == {"a": 1}
    assert "Skipped: note (encrypted by Ansible Vault) of web1" in printed
    assert "group_vars/all/vault.yml is encrypted" in printed


def test_a_key_inside_of_the_key_folder_is_taken(tmp_path, settings):
    key = Path(settings.SSH_KEY_ROOT) / "id_web"
    imported(one(tmp_path, f"web1 ansible_host=192.0.2.1 ansible_private_key_file={key}"))
    assert Server.objects.get().key_file() == key.resolve()


def test_a_name_is_looked_up_and_a_known_address_stays(tmp_path, monkeypatch):
    found = ["192.0.2.7", "192.0.2.8"]

    def looked_up(name, *_unused, **_more):
        assert name == "web1.example.com"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    path = one(tmp_path, "web1.example.com")
    imported(path)
    assert Server.objects.get().ip_address == "192.0.2.7"
    found.reverse()
    assert counts(imported(path))["unchanged"] == 1
    found[:] = ["192.0.2.9"]
    assert counts(imported(path))["changed"] == 1


def test_this_machine_needs_no_address(tmp_path):
    imported(one(tmp_path, "nowhere.invalid ansible_connection=local"))
    server = Server.objects.get()
    assert server.ip_address == "127.0.0.1"
    assert server.variables == {"ansible_connection": "local"}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("hosts.yml", "not: [closed", "YAML"),
        ("hosts.ini", 'web1 ansible_host="unclosed\n', "No closing quotation"),
        ("hosts.ini", "", "names no hosts"),
        ("a,b.ini", "web1", "commas"),
        (None, "", "There is no"),
    ],
)
def test_what_cannot_be_read_is_said_in_ansibles_words(tmp_path, name, text, reason):
    path = tmp_path / (name or "gone.ini")
    if name:
        path.write_text(text)
    with pytest.raises(CommandError, match=reason):
        imported(path)


def test_a_script_that_fails_is_shown(tmp_path):
    script = tmp_path / "dynamic"
    script.write_text("#!/bin/sh\necho no access >&2\nexit 3\n")
    script.chmod(0o700)
    with pytest.raises(CommandError, match="no access"):
        imported(script)


def test_without_ansible_it_says_what_is_missing(ini, monkeypatch):
    monkeypatch.setattr("inventory.ansible.reading.ansible_inventory", lambda: None)
    with pytest.raises(CommandError, match="not installed"):
        imported(ini)


def test_a_script_that_hangs_is_ended(ini, monkeypatch):
    monkeypatch.setattr("inventory.ansible.reading.TIMEOUT_SECONDS", 0.01)
    with pytest.raises(CommandError, match="did not finish"):
        imported(ini)


def test_everything_refused_is_an_error(tmp_path):
    with pytest.raises(CommandError, match="Every host was refused"):
        imported(one(tmp_path, "nowhere.invalid"))


def test_a_server_that_was_made_by_hand_is_changed_and_not_doubled(ini):
    server = make.server(hostname="db1", ip_address="192.0.2.99")
    assert counts(imported(ini)) == {"added": 3, "changed": 1, "unchanged": 0, "refused": 0}
    server.refresh_from_db()
    assert server.ip_address == "2001:db8::9"
