"""Inventory sources: syncs, several in one inventory, hosts and groups that go and come back."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import AuditLog
from inventory.ansible.inventory_file import write_inventory
from inventory.ansible.reading import Unreadable
from inventory.importing import sync_source
from inventory.models import (
    GroupGraph,
    Inventory,
    InventorySource,
    Server,
    ServerGroup,
    ServerGroupMember,
)
from schema.exceptions import Refused
from tests import make
from tests.inventory.listed import members, seen_by_ansible

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

WEB = """
[web]
web1 port=80
web2 db_password=hunter2
[web:vars]
tier=front
[eu:children]
web
"""
DB = """
[db]
db1 size=1
[eu:children]
db
"""


def synced(source, **how):
    return sync_source(None, source, **how)


def rewrite(source, text: str) -> None:
    (Path(settings.PLAYBOOK_ROOT) / source.path).write_text(text)


def names_in(group: str) -> list[str]:
    graph = GroupGraph(Inventory.objects.default())
    servers = Server.objects.in_bulk()
    return [servers[pk].inventory_name for pk in graph.servers[graph.by_name[group].pk]]


# --- Syncing --------------------------------------------------------------------------------------


def test_a_sync_writes_what_the_source_says_and_owns_it():
    source = make.source(WEB, environment="Staging ")
    source.environment = "staging"
    report = synced(source)
    assert (report.added, report.groups_added) == (["web1", "web2"], ["web", "eu"])
    server = Server.objects.get(hostname="web1")
    assert (server.source, server.environment, server.variables) == (
        source,
        "staging",
        {"port": 80},
    )
    assert ServerGroup.objects.get(name="web").source == source
    assert set(ServerGroupMember.objects.values_list("source", flat=True)) == {source.pk}
    source.refresh_from_db()
    assert (source.state, source.message) == ("synced", "")
    assert source.digest and source.synced_at


def test_it_is_recorded_once_with_counts_and_for_each_row(boss):
    source = make.source(WEB)
    sync_source(boss, source)
    line = AuditLog.objects.get(action="inventorysource.synced")
    assert (line.details["added"], line.details["groups_added"], line.actor_name) == (2, 2, "boss")
    created = AuditLog.objects.filter(action="server.created")
    assert [each.object_name for each in created.order_by("id")] == ["web1", "web2"]
    assert created.first().details["changes"]["hostname"] == [None, "web2"]
    assert "hunter2" not in json.dumps([each.details for each in AuditLog.objects.all()])
    rewrite(source, WEB.replace("port=80", "port=81"))
    sync_source(boss, source)
    changed = AuditLog.objects.get(action="server.updated")
    assert changed.details["changes"] == {"variables": [{"port": 80}, {"port": 81}]}


def test_unchanged_files_are_not_read_again(monkeypatch):
    source = make.source(WEB)
    synced(source)
    lines = AuditLog.objects.count()

    def never(*_args, **_more):
        raise AssertionError

    with monkeypatch.context() as patched:
        patched.setattr("inventory.importing.syncing.read", never)
        assert synced(source).is_skipped
        beside = Path(settings.PLAYBOOK_ROOT) / "inventories" / "group_vars"
        beside.mkdir(exist_ok=True)
        (beside / "web.yml").write_text("tier: back\n")
        with pytest.raises(AssertionError):
            synced(source)
    try:
        assert not synced(source).is_skipped
    finally:
        (beside / "web.yml").unlink()
        beside.rmdir()
    assert AuditLog.objects.count() > lines


def test_a_script_is_always_run_again():
    listing = {"web": {"hosts": ["web1"]}, "_meta": {"hostvars": {"web1": {"a": 1}}}}
    source = make.source(f"#!/bin/sh\necho '{json.dumps(listing)}'\n", path="inventories/script")
    assert synced(source).added == ["web1"]
    source.refresh_from_db()
    assert source.digest == ""
    again = synced(source)
    assert not again.is_skipped and not again.changes_anything


def test_a_dry_run_says_value_by_value_what_differs_and_writes_nothing():
    source = make.source(WEB)
    synced(source)
    rewrite(
        source,
        WEB.replace("port=80", "port=81 new=x")
        .replace("tier=front\n", "")
        .replace("[web]", "[web]\nweb0")
        .replace("hunter2", "hunter3"),
    )
    report = synced(source, dry_run=True)
    said = [
        (each.kind, each.row, each.what, each.name, each.change, each.before, each.after)
        for each in report.differences()
    ]
    assert ("server", "web0", "row", "", "added", None, None) in said
    assert ("server", "web1", "variable", "port", "changed", 80, 81) in said
    assert ("server", "web1", "variable", "new", "added", None, "x") in said
    masked = ("server", "web2", "variable", "db_password", "changed", "********", "********")
    assert masked in said
    assert ("group", "web", "variable", "tier", "removed", "front", None) in said
    order = (["web1", "web2"], ["web0", "web1", "web2"])
    assert ("group", "web", "servers", "", "changed", *order) in said
    assert Server.objects.count() == 2
    assert Server.objects.get(hostname="web1").variables == {"port": 80}
    assert InventorySource.objects.get().state == "synced"
    assert synced(source, dry_run=True).digest() == report.digest()


def test_only_what_was_shown_is_written():
    source = make.source(WEB)
    shown = synced(source, dry_run=True).digest()
    rewrite(source, WEB.replace("hunter2", "hunter3"))
    with pytest.raises(Refused, match="changed since"):
        synced(source, expect=shown)
    assert not Server.objects.exists()
    shown = synced(source, dry_run=True).digest()
    assert synced(source, expect=shown).added == ["web1", "web2"]


def test_another_order_is_a_difference():
    source = make.source("b\na\n")
    synced(source)
    rewrite(source, "a\nb\n")
    report = synced(source)
    assert report.order == (["b", "a"], ["a", "b"])
    assert not report.changed
    hosts = Server.objects.order_by("position")
    assert [server.hostname for server in hosts] == ["a", "b"]


def test_an_upload_is_read_as_data():
    source = make.source("all: {hosts: {web1: {port: 80}}}", kind="upload", format="yaml")
    assert "web1" not in str(source.content)
    assert synced(source).added == ["web1"]
    script = make.source("#!/bin/sh\ntouch /tmp/never\n", kind="upload", format="ini", name="bad")
    with pytest.raises(Unreadable):
        synced(script)


def test_a_failure_is_noted_and_recorded_once():
    source = make.source("web1\n")
    synced(source)
    rewrite(source, 'web1 x="unclosed\n')
    for _each in range(2):
        with pytest.raises(Unreadable):
            synced(source)
    source.refresh_from_db()
    assert source.state == "failed" and "quotation" in source.message
    assert AuditLog.objects.filter(action="inventorysource.sync_failed").count() == 1
    assert Server.objects.get().is_active
    rewrite(source, "web1\n")
    synced(source)
    source.refresh_from_db()
    assert (source.state, source.message) == ("synced", "")


def test_syncing_is_the_admins_right(boss, alice):
    source = make.source()
    with pytest.raises(PermissionDenied):
        sync_source(alice, source)
    source.is_active = False
    with pytest.raises(Refused, match="inactive"):
        sync_source(boss, source)


@pytest.mark.parametrize("path", ["../x", "/etc/hosts", "gone.ini", "", "."])
def test_a_path_stays_below_the_root(path):
    with pytest.raises(ValidationError) as refused:
        InventorySource(name="x", path=path).full_clean()
    assert "path" in refused.value.message_dict


def test_a_link_that_leads_outside_is_refused(tmp_path):
    (tmp_path / "all.yml").write_text("stolen: 1\n")
    source = make.source("web1\n", path="linked/hosts")
    beside = Path(settings.PLAYBOOK_ROOT) / "linked" / "group_vars"
    beside.symlink_to(tmp_path)
    try:
        with pytest.raises(Refused, match="outside"):
            synced(source)
    finally:
        beside.unlink()


# --- Hosts and groups that go, and come back ------------------------------------------------------


def test_a_host_that_is_gone_is_deactivated_and_comes_back():
    source = make.source(WEB)
    synced(source)
    rewrite(source, WEB.replace("web1 port=80\n", ""))
    assert synced(source).gone == ["web1"]
    gone = Server.objects.get(hostname="web1")
    assert not gone.is_active and gone.is_missing and gone.source == source
    assert names_in("web") == ["web2"]
    assert not synced(source, always=True).gone
    gone.is_active = True
    with pytest.raises(ValidationError, match="no longer in"):
        gone.full_clean()
    rewrite(source, WEB)
    assert synced(source).returned == ["web1"]
    back = Server.objects.get(hostname="web1")
    assert back.is_active and not back.is_missing
    assert names_in("web") == ["web1", "web2"]


def test_what_a_person_switched_off_stays_off(boss):
    source = make.source(WEB)
    synced(source)
    Server.objects.get(hostname="web1").deactivate(boss)
    rewrite(source, WEB.replace("web1 port=80\n", ""))
    synced(source)
    rewrite(source, WEB)
    synced(source)
    assert not Server.objects.get(hostname="web1").is_active


def test_a_server_that_is_gone_may_be_deleted():
    source = make.source(WEB)
    synced(source)
    server = Server.objects.get(hostname="web1")
    with pytest.raises(Refused, match="belongs to the inventory source"):
        server.delete()
    rewrite(source, WEB.replace("web1 port=80\n", ""))
    synced(source)
    server.refresh_from_db()
    server.delete()
    assert not Server.objects.filter(hostname="web1").exists()


def test_a_group_that_is_gone_goes_unless_something_else_is_in_it():
    source = make.source(WEB + "[extra]\nweb1\n[kept]\nweb1\n[kept:vars]\nx=1\n")
    synced(source)
    own = make.server(hostname="own")
    kept = ServerGroup.objects.get(name="kept")
    ServerGroupMember.objects.create(group=kept, server=own)
    rewrite(source, WEB)
    report = synced(source)
    assert report.groups_removed == ["extra"] and "kept" in report.groups_changed
    kept.refresh_from_db()
    assert (kept.source, kept.variables) == (None, {})
    assert [member.server for member in kept.members.all()] == [own]


# --- Several sources ------------------------------------------------------------------------------


def test_several_sources_feed_one_inventory():
    web, db = make.source(WEB), make.source(DB)
    synced(web)
    assert synced(db).added == ["db1"]
    graph = GroupGraph(Inventory.objects.default())
    eu = graph.by_name["eu"]
    assert [graph.groups[pk].name for pk in graph.children[eu.pk]] == ["web", "db"]
    rewrite(web, WEB.replace("[eu:children]\nweb\n", ""))
    synced(web)
    graph = GroupGraph(Inventory.objects.default())
    assert [graph.groups[pk].name for pk in graph.children[graph.by_name["eu"].pk]] == ["db"]


def test_a_host_of_another_source_is_refused_and_both_are_named():
    first, second = make.source(WEB, name="first"), make.source(DB + "[db]\nweb1\n", name="second")
    synced(first)
    report = synced(second)
    assert report.added == ["db1"]
    assert "first" in report.refused["web1"] and "second" in report.refused["web1"]
    assert Server.objects.get(hostname="web1").source == first
    second.refresh_from_db()
    assert second.state == "synced" and "web1" in second.message
    assert names_in("db") == ["db1"]


def test_a_host_that_moves_from_one_file_to_another_moves_with_it():
    first, second = make.source(WEB, name="first"), make.source(DB, name="second")
    synced(first), synced(second)
    rewrite(first, WEB.replace("web1 port=80\n", ""))
    rewrite(second, DB + "[db]\nweb1\n")
    synced(first)
    assert synced(second).adopted == ["web1"]
    moved = Server.objects.get(hostname="web1")
    assert (moved.source, moved.is_active, moved.variables) == (second, True, {})


def test_two_sources_that_set_other_variables_of_one_group_are_refused():
    first = make.source(WEB, name="first")
    second = make.source(DB + "[web:vars]\ntier=back\n[web]\n", name="second")
    synced(first)
    with pytest.raises(Refused) as refused:
        synced(second)
    assert all(name in str(refused.value) for name in ("“web”", "“first”", "“second”"))
    assert not Server.objects.filter(hostname="db1").exists()
    rewrite(second, DB + "[web:vars]\ntier=front\n[web]\n")
    assert synced(second).added == ["db1"]
    assert ServerGroup.objects.get(name="web").source == first


def test_the_same_name_in_two_inventories_is_two_servers():
    lab = make.inventory(name="lab")
    synced(make.source(WEB)), synced(make.source(WEB, inventory=lab))
    names = set(Server.objects.values_list("hostname", flat=True))
    assert names == {"web1", "web2", "web1@lab", "web2@lab"}


def test_deleting_a_source_leaves_what_it_owned_to_people():
    source = make.source(WEB)
    synced(source)
    source.delete()
    server = Server.objects.get(hostname="web1")
    assert server.source is None
    server.variables = {"port": 8080}
    server.full_clean()


# --- What was here before -------------------------------------------------------------------------


def test_a_server_made_by_hand_is_adopted_and_what_differs_becomes_an_override(tmp_path):
    make.server(
        hostname="web1",
        ip_address="192.0.2.9",
        description="the old one",
        tags={"rack": "r1"},
        environment="production",
        variables={"port": 1, "mine": 2},
    )
    source = make.source(WEB)
    report = synced(source)
    assert report.adopted == ["web1"]
    assert set(report.overridden) == {"mine", "ansible_host"}
    server = Server.objects.get(hostname="web1")
    assert (server.description, server.tags) == ("the old one", {"rack": "r1"})
    assert (server.environment, server.ip_address) == ("production", "192.0.2.9")
    assert server.variables == {"port": 80, "mine": 2, "ansible_host": "192.0.2.9"}
    assert {each.name for each in server.overrides.all()} == {"mine", "ansible_host"}
    assert not synced(source, always=True).changes_anything


def test_what_a_run_sees_is_what_ansible_sees(tmp_path):
    source = make.source(WEB.replace("port=80", "port=80 note='é'"))
    synced(source)
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    script = write_inventory(folder, Server.objects.all())
    after, before = seen_by_ansible(script), seen_by_ansible(source.located())
    assert after["_meta"]["hostvars"] == before["_meta"]["hostvars"]
    assert members(after) == members(before)
