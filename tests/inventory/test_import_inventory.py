"""`manage.py import_inventory`, with realistic inventories."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from audit.models import AuditLog
from inventory.ansible import reading
from inventory.models import GroupGraph, Inventory, Server, ServerGroup
from schema.sealing import is_sealed
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
    assert (web.environment, web.is_active, web.tags) == ("development", True, {})
    assert web.variables == {"ansible_host": "192.0.2.2"}
    assert Server.objects.get(hostname="192.0.2.3").ip_address == ""


def test_groups_become_groups_with_their_members_in_order(ini):
    imported(ini)
    graph = GroupGraph(Inventory.objects.default())
    names = {pk: group.name for pk, group in graph.groups.items()}
    assert list(names.values()) == ["web-servers", "db", "eu"]
    eu, web = graph.by_name["eu"], graph.by_name["web-servers"]
    assert [names[pk] for pk in graph.children[eu.pk]] == ["web-servers", "db"]
    assert eu.variables == {"region": "eu", "backup_dir": "/backup/{{ inventory_hostname }}"}
    members = Server.objects.in_bulk(graph.servers[web.pk])
    assert [members[pk].inventory_name for pk in graph.servers[web.pk]] == [
        *("web1.example.com", "web2.example.com", "192.0.2.3"),
    ]


def test_connection_variables_become_columns_and_stay(ini):
    imported(ini)
    db = Server.objects.get(hostname="db1")
    assert (db.ip_address, db.ssh_port, db.ssh_user) == ("2001:db8::9", 2222, "postgres")
    assert db.environment == "production"
    assert db.variables == {
        "ansible_host": "2001:DB8::9",
        "ansible_port": 2222,
        "ansible_user": "postgres",
        "environment": "Production",
    }


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
    assert line.details["changes"].keys() == {"ssh_port", "variables"}
    assert line.details["changes"]["ssh_port"] == [2222, 2200]
    imports = AuditLog.objects.filter(action="inventory.imported")
    assert [(each.details["added"], each.details["changed"]) for each in imports] == [
        *((0, 1), (4, 0)),
    ]
    assert line.actor_name == "system"


def test_what_people_have_written_stays(ini):
    imported(ini)
    db = Server.objects.get(hostname="db1")
    db.description, db.os_type, db.is_active = "the old one", "debian", False
    db.tags, db.variables = db.tags | {"rack": "r1"}, db.variables | {"note": "slow"}
    db.save()
    assert counts(imported(ini))["unchanged"] == 4
    ini.write_text(INI.replace("2222", "2200").replace("=postgres", "="))
    assert counts(imported(ini))["changed"] == 1
    db.refresh_from_db()
    assert (db.description, db.os_type, db.is_active) == ("the old one", "debian", False)
    assert (db.tags, db.ssh_user) == ({"rack": "r1"}, "")
    assert (db.variables["note"], db.variables["ansible_port"]) == ("slow", 2200)


def test_what_is_gone_from_the_inventory_goes_and_what_people_added_stays(ini):
    imported(ini)
    by_hand = make.server(hostname="web9")
    web, own = ServerGroup.objects.get(name="web-servers"), make.group("own", by_hand)
    web.set_members([*web_servers(web), by_hand])
    web.variables = {"mine": 1}
    web.save()
    fewer = INI.replace("web2.example.com ansible_host=192.0.2.2\n", "web2.example.com\n")
    fewer = (
        fewer.replace("192.0.2.3\n", "")
        .replace("region=eu\n", "")
        .replace("[db]", "[db]\n192.0.2.3")
    )
    ini.write_text(fewer)
    imported(ini)
    moved, changed = (
        Server.objects.get(hostname=name) for name in ("192.0.2.3", "web2.example.com")
    )
    assert (changed.variables, changed.ip_address) == ({}, "")
    assert moved not in web_servers(web) and by_hand in web_servers(web)
    assert moved in web_servers(ServerGroup.objects.get(name="db"))
    assert web_servers(own) == [by_hand]
    web.refresh_from_db()
    assert web.variables == {"mine": 1}
    assert "region" not in ServerGroup.objects.get(name="eu").variables


def web_servers(group) -> list[Server]:
    return [member.server for member in group.members.exclude(server=None)]


def test_copies_of_group_variables_from_earlier_releases_are_removed(ini):
    copied = {"region": "eu", "backup_dir": "mine", "note": "x"}
    make.server(hostname="db1", variables=copied)
    printed = imported(ini)
    kept = Server.objects.get(hostname="db1").variables
    assert "region" not in kept and (kept["backup_dir"], kept["note"]) == ("mine", "x")
    assert "Left to its group: region of db1" in printed


def test_a_dry_run_writes_nothing(ini):
    printed = imported(ini, dry_run=True)
    assert "Dry run: nothing was written" in printed
    assert counts(printed)["added"] == 4
    assert not Server.objects.exists()
    assert not AuditLog.objects.filter(resource_type="server").exists()


def test_the_environment_of_the_command_line_wins(ini):
    imported(ini, environment="Staging")
    assert set(Server.objects.values_list("environment", flat=True)) == {"staging"}


def test_any_name_of_a_variable_is_taken(tmp_path):
    variables = {"ansible_host": "192.0.2.1", "motd": "où? 🚀", "a.b": 1, "omit": "a", "port": 80}
    hosts = {"web": {"hosts": {"web1": variables}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    imported(tmp_path / "hosts.yml")
    server = Server.objects.get()
    assert server.variables == variables
    server.full_clean()  # it can still be edited
    server.variables |= {"x.y": 1}
    with pytest.raises(ValidationError, match="x\\.y"):
        server.full_clean()


def test_an_import_takes_away_what_was_stored_before_it_was_refused(tmp_path):
    hosts = {"web": {"hosts": {"web1": {"ansible_host": "192.0.2.1"}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    make.server(hostname="web1", variables={"hostvars": {}, "motd": "hello"})
    imported(tmp_path / "hosts.yml")
    assert Server.objects.get().variables == {"ansible_host": "192.0.2.1", "motd": "hello"}


def test_files_beside_the_inventory_stay_apart(tmp_path):
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "host_vars").mkdir()
    (folder / "hosts.ini").write_text("[web]\nweb1 ansible_host=192.0.2.1\n[web:vars]\nntp=c")
    (folder / "group_vars" / "all.yml").write_text("ntp: a\nday: 2024-02-03\nlimit: .nan\n")
    (folder / "group_vars" / "web.yml").write_text("ntp: b\ndb_password: hunter2\n")
    (folder / "host_vars" / "web1.yml").write_text("size: 123456789012345678901234567890\n")
    printed = imported(folder)
    server, web = Server.objects.get(), ServerGroup.objects.get(name="web")
    assert server.variables == {"ansible_host": "192.0.2.1"}
    assert server.variable_files == [
        {
            "path": "host_vars/web1.yml",
            "variables": {"size": {"$integer": "123456789012345678901234567890"}},
        }
    ]
    assert web.variables == {"ntp": "c"}
    (file,) = web.variable_files
    assert file["variables"]["ntp"] == "b" and is_sealed(file["variables"]["db_password"])
    everybody = ServerGroup.objects.get(name="all")
    assert everybody.variable_files[0]["variables"] == {
        "ntp": "a",
        "day": "2024-02-03",
        "limit": {"$float": "nan"},
    }
    assert "Stored as text: group_vars/all.yml: day of all" in printed
    assert "Encrypted: group_vars/web.yml.db_password of web" in printed
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
    assert Server.objects.get().variables["seen"] == "[|]"
    imported(script, keep_env=["CLOUD_REGION"])
    assert Server.objects.get().variables["seen"] == "[|eu]"


# --- Refused as a whole ---------------------------------------------------------------------------


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
    monkeypatch.setattr("inventory.ansible.reading.python_of_ansible", lambda: None)
    with pytest.raises(CommandError, match="not installed"):
        imported(ini)


def test_a_script_that_hangs_is_ended(ini, monkeypatch):
    monkeypatch.setattr(reading, "FOR_ANYTHING", replace(reading.FOR_ANYTHING, seconds=0.01))
    with pytest.raises(CommandError, match="did not finish"):
        imported(ini)


def test_everything_refused_is_an_error(tmp_path):
    with pytest.raises(CommandError, match="Every host was refused"):
        imported(one(tmp_path, "web1 infraops_secret_variables=5"))


def test_a_server_that_was_made_by_hand_is_changed_and_not_doubled(ini):
    server = make.server(hostname="db1", ip_address="192.0.2.99")
    assert counts(imported(ini)) == {"added": 3, "changed": 1, "unchanged": 0, "refused": 0}
    server.refresh_from_db()
    assert server.ip_address == "2001:db8::9"
