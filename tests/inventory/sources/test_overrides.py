"""Overrides: values in place of a source's, in runs, on pages and at the next sync."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from audit.models import AuditLog
from inventory.ansible.inventory_file import write_inventory
from inventory.ansible.provenance import list_variables
from inventory.importing import remove_override, set_override, sync_source
from inventory.models import Server, ServerGroup, VariableOverride
from schema.exceptions import Refused
from schema.sealing import is_sealed
from tests import make
from tests.inventory.listed import seen_by_ansible

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

INI = "[web]\nweb1 port=80 ansible_host=192.0.2.1\nweb2\n[web:vars]\ntier=front\n"


@pytest.fixture
def source():
    row = make.source(INI, path="prod/hosts.ini", name="prod")
    make.playbook_file("prod/host_vars/web1.yml", "size: 1\nport: 8000\n")
    make.playbook_file("prod/group_vars/web.yml", "tier: file\nntp: a\n")
    sync_source(None, row)
    return row


@pytest.fixture
def web1(source) -> Server:
    return Server.objects.get(hostname="web1")


def rewrite(name: str, text: str) -> None:
    (Path(settings.PLAYBOOK_ROOT) / "prod" / name).write_text(text)


def seen(tmp_path, host: str = "web1"):
    folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
    folder.mkdir(mode=0o700)
    listing = seen_by_ansible(write_inventory(folder, Server.objects.all()))
    return listing["_meta"]["hostvars"][host]


def test_it_stands_where_the_sources_value_stands(boss, web1, tmp_path):
    before = seen(tmp_path)
    assert (before["port"], before["tier"]) == (8000, "file")
    override = set_override(boss, web1, "port", 9000)
    assert (override.file, override.replaced) == ("host_vars/web1.yml", {"port": 8000})
    web1.refresh_from_db()
    assert web1.variables["port"] == 80
    web = ServerGroup.objects.get(name="web")
    set_override(boss, web, "tier", "back")
    assert seen(tmp_path) == before | {"port": 9000, "tier": "back"}
    remove_override(boss, override)
    assert seen(tmp_path) == before | {"tier": "back"}


def test_a_variable_that_the_source_has_not_stands_among_the_hosts_own(boss, web1, tmp_path):
    override = set_override(boss, web1, "mine", {"a": [1, True, None]})
    assert (override.file, override.replaced) == ("", {})
    assert seen(tmp_path)["mine"] == {"a": [1, True, None]}
    remove_override(boss, override)
    assert "mine" not in seen(tmp_path)


def test_it_survives_a_sync_and_says_what_the_source_changed_under_it(boss, source, web1, tmp_path):
    override = set_override(boss, web1, "port", 9000)
    report = sync_source(None, source, always=True)
    assert not report.changes_anything and not report.conflicts
    rewrite("host_vars/web1.yml", "size: 2\nport: 8001\n")
    report = sync_source(None, source)
    assert report.conflicts == {"changed": ["port of web1"]}
    override.refresh_from_db()
    assert (override.conflict, override.replaced) == ("changed", {"port": 8001})
    assert seen(tmp_path)["port"] == 9000 and seen(tmp_path)["size"] == 2
    set_override(boss, web1, "port", 9000)
    override.refresh_from_db()
    assert override.conflict == ""
    rewrite("host_vars/web1.yml", "size: 2\n")
    report = sync_source(None, source)
    override.refresh_from_db()
    assert (override.file, override.replaced, override.conflict) == ("", {"port": 80}, "changed")
    rewrite("hosts.ini", INI.replace("port=80 ", ""))
    assert sync_source(None, source).conflicts == {"removed": ["port of web1"]}
    assert seen(tmp_path)["port"] == 9000


def test_a_secret_is_sealed_and_never_shown(boss, source, web1, tmp_path):
    override = set_override(boss, web1, "db_password", "hunter2")
    assert is_sealed(override.value["db_password"])
    kept = set_override(boss, web1, "db_password", "********")
    assert seen(tmp_path)["db_password"] == "hunter2"
    marked = set_override(boss, web1, "size", "large-secret", is_secret=True)
    assert is_sealed(marked.value["size"])
    told = str([line.details for line in AuditLog.objects.all()])
    assert "hunter2" not in told and "large-secret" not in told
    shown = {each.name: each.value for each in list_variables(Server.objects.get(pk=web1.pk))}
    assert shown["db_password"] == "********"
    assert kept.pk == override.pk


def test_columns_follow_a_connection_variable(boss, web1):
    override = set_override(boss, web1, "ansible_host", "192.0.2.77")
    web1.refresh_from_db()
    assert web1.ip_address == "192.0.2.77"
    remove_override(boss, override)
    web1.refresh_from_db()
    assert web1.ip_address == "192.0.2.1"


def test_each_change_is_one_line_about_the_row(boss, web1):
    before = AuditLog.objects.count()
    override = set_override(boss, web1, "port", 9000)
    (line,) = AuditLog.objects.order_by("id")[before:]
    assert (line.action, line.object_name) == ("server.variable_overridden", "web1")
    assert line.details["changes"] == {"port": [8000, 9000]}
    remove_override(boss, override)
    assert AuditLog.objects.latest("id").action == "server.override_removed"
    set_override(boss, ServerGroup.objects.get(name="web"), "ntp", "b")
    assert AuditLog.objects.latest("id").action == "servergroup.variable_overridden"


def test_what_cannot_be_is_refused(alice, boss, web1):
    with pytest.raises(PermissionDenied):
        set_override(alice, web1, "port", 1)
    with pytest.raises(Refused, match="edit its variables"):
        set_override(boss, make.server(), "port", 1)
    for name in ("hostvars", "a b", ""):
        with pytest.raises(ValidationError):
            set_override(boss, web1, name, 1)
    with pytest.raises(ValidationError):
        set_override(boss, web1, "port", {"$encrypted": "x"})


def test_provenance_marks_it(boss, web1):
    set_override(boss, web1, "port", 9000)
    set_override(boss, ServerGroup.objects.get(name="web"), "ntp", "b")
    fresh = Server.objects.get(pk=web1.pk)
    shown = {each.name: each for each in list_variables(fresh)}
    assert shown["port"].is_override and shown["ntp"].is_override
    assert not shown["size"].is_override and not shown["tier"].is_override


def test_the_servers_page_marks_it_and_leads_to_it(client_of, boss, web1):
    override = set_override(boss, web1, "port", 9000)
    page = client_of(boss).get(web1.get_absolute_url()).content.decode()
    assert override.get_absolute_url() in page and "Override" in page
    add = reverse("admin:inventory_variableoverride_add")
    assert f"{add}?server={web1.pk}&amp;variable=size" in page


def test_the_form_sets_changes_and_removes_one(client_of, boss, web1):
    client, add = client_of(boss), reverse("admin:inventory_variableoverride_add")
    shown = client.get(add, {"server": web1.pk, "variable": "size"})
    assert shown.status_code == 200
    fields = {"server": web1.pk, "group": "", "value": '{"size": 5}'}
    answer = client.post(add, fields)
    assert answer.status_code == 302, answer.content.decode()
    override = VariableOverride.objects.get()
    assert (override.name, override.value, override.set_by) == ("size", {"size": 5}, boss)
    page = override.get_absolute_url()
    assert client.get(page).status_code == 200
    assert client.post(page, {"value": '{"size": 6}'}).status_code == 302
    two = client.post(page, {"value": '{"size": 6, "b": 1}'})
    assert two.status_code == 200 and "exactly one variable" in two.content.decode()
    by_hand = client.post(add, {"server": make.server().pk, "group": "", "value": '{"a": 1}'})
    assert by_hand.status_code == 200 and "edit its variables" in by_hand.content.decode()
    client.get(reverse("admin:inventory_variableoverride_changelist"))
    delete = reverse("admin:inventory_variableoverride_delete", args=[override.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 302
    web1.refresh_from_db()
    assert not VariableOverride.objects.exists()
    assert web1.variable_files[0]["variables"]["size"] == 1


def test_the_api_sets_changes_and_removes_one(api_of, boss, alice, web1):
    client = api_of(boss)
    body = {"server_id": web1.pk, "name": "port", "value": 9000}
    assert api_of(alice).post("/api/overrides", body).status_code == 403
    made = client.post("/api/overrides", body)
    assert made.status_code == 201, made.json()
    shown = made.json()
    assert (shown["value"], shown["source_value"], shown["file"]) == (
        *(9000, 8000, "host_vars/web1.yml"),
    )
    path = f"/api/overrides/{shown['id']}"
    assert client.patch(path, {"value": None}).json()["value"] is None
    assert client.patch(path, {"name": "x"}).status_code == 400
    assert client.get("/api/overrides", {"server": "web1"}).json()["count"] == 1
    for wrong in ({"name": "a", "value": 1}, body | {"group_id": 1}, body | {"name": "a b"}):
        assert client.post("/api/overrides", wrong).status_code == 400
    assert client.delete(path).status_code == 204
    own = client.post("/api/overrides", body | {"server_id": make.server().pk})
    assert own.status_code == 409


def test_a_groups_page_has_its_variables_and_those_of_files_and_marks_overrides(
    client_of, boss, bob
):
    source = make.source(name="prod")
    beside = [
        {"path": "group_vars/web.yml", "variables": {"ntp": "a.example", "db_password": "hunter2"}},
        {"path": "group_vars/web/vault.yml", "vaulted": "$ANSIBLE_VAULT;1.1;AES256"},
    ]
    group = make.group("web", source=source, variables={"port": 80}, variable_files=beside)
    override = set_override(boss, group, "ntp", "b.example")
    page = client_of(boss).get(group.get_absolute_url()).content.decode()
    assert "group_vars/web.yml" in page and "b.example" in page and "hunter2" not in page
    assert "group_vars/web/vault.yml" in page
    assert override.get_absolute_url() in page
    add = reverse("admin:inventory_variableoverride_add")
    assert f"{add}?group={group.pk}&amp;variable=port" in page
    seen = client_of(bob).get(group.get_absolute_url()).content.decode()
    assert "b.example" in seen and add not in seen
