"""What an inventory source owns is read-only in the API, in forms and for verbs."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from inventory.models import Server, ServerGroup, ServerGroupMember
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make.source(name="prod", path="inventories/prod.ini")


@pytest.fixture
def server(source):
    variables = {"port": 80, "db_password": "hunter2"}
    return make.server(hostname="web1", source=source, variables=variables)


@pytest.fixture
def group(source, server):
    row = make.group("web", server, variables={"tier": "front"})
    row.members.update(source=source, position=0)
    ServerGroup.objects.update(source=source)
    return ServerGroup.objects.get(pk=row.pk)


WORDS = "belongs to the inventory source “prod”: edit inventories/prod.ini and sync it"


@pytest.mark.parametrize(
    "change",
    [
        {"hostname": "web9"},
        {"ip_address": "192.0.2.200"},
        {"ssh_port": 2222},
        {"ssh_user": "root"},
        {"variables": {"port": 81}},
    ],
)
def test_the_api_refuses_to_change_what_the_source_owns(api_of, boss, server, change):
    answer = api_of(boss).patch(f"/api/servers/{server.pk}", change)
    assert answer.status_code == 400
    said = answer.json()
    assert WORDS in str(said) and next(iter(change)) in str(said) and "override" in str(said)


def test_the_consoles_own_fields_can_be_changed(api_of, boss, server):
    change = {
        "description": "front",
        "environment": "staging",
        "tags": {"rack": "r1"},
        "host_key": make.HOST_KEY,
        "credential_id": make.credential().pk,
        "ssh_key_path": "id_test",
        "is_active": False,
    }
    answer = api_of(boss).patch(f"/api/servers/{server.pk}", change)
    assert answer.status_code == 200, answer.json()
    assert answer.json()["source_id"] == server.source_id
    server.refresh_from_db()
    assert server.edit(boss, environment="production")


def test_an_environment_that_a_variable_names_is_the_sources(boss, server):
    Server.objects.update(variables={"infraops_environment": "staging"})
    with pytest.raises(ValidationError, match="prod"):
        server.edit(boss, environment="production")


def test_it_cannot_be_deleted(api_of, client_of, boss, server, group):
    for path in (f"/api/servers/{server.pk}", f"/api/groups/{group.pk}"):
        answer = api_of(boss).delete(path)
        assert answer.status_code == 409 and WORDS in str(answer.json())
    page = reverse("admin:inventory_server_delete", args=[server.pk])
    assert WORDS in client_of(boss).get(page).content.decode()
    assert client_of(boss).post(page, {"post": "yes"}).status_code in (200, 403)
    assert Server.objects.filter(pk=server.pk).exists()


def test_the_form_shows_it_and_keeps_its_secrets(client_of, boss, server):
    page = reverse("admin:inventory_server_change", args=[server.pk])
    shown = client_of(boss).get(page).content.decode()
    assert "hunter2" not in shown and 'name="variables"' not in shown
    stored = Server.objects.get(pk=server.pk).variables
    fields = {"environment": "staging", "description": "x", "is_active": "on", "tags": "{}"}
    answer = client_of(boss).post(page, {**fields, "ssh_key_path": "", "hostname": "other"})
    assert answer.status_code == 302, answer.content.decode()
    server.refresh_from_db()
    assert (server.hostname, server.description) == ("web1", "x")
    assert server.variables == stored and "hunter2" not in str(stored)


def test_a_group_keeps_its_values_and_its_members(api_of, boss, group, server):
    client, path = api_of(boss), f"/api/groups/{group.pk}"
    for change in ({"variables": {}}, {"priority": 5}, {"name": "x"}):
        answer = client.patch(path, change)
        assert answer.status_code == 400 and WORDS in str(answer.json())
    answer = client.patch(path, {"server_ids": []})
    assert answer.status_code == 400 and WORDS in str(answer.json())
    assert client.patch(path, {"description": "x"}).status_code == 200
    own = make.server(hostname="own")
    assert client.patch(path, {"server_ids": [server.pk, own.pk]}).status_code == 200
    assert client.patch(path, {"server_ids": [server.pk]}).status_code == 200


def test_a_server_of_a_source_joins_no_other_group_of_one(boss, source, server):
    other = make.group("db", inventory=server.inventory)
    ServerGroup.objects.filter(pk=other.pk).update(source=source)
    other.refresh_from_db()
    with pytest.raises(ValidationError, match="prod"):
        other.set_members([server])
    make.group("mine", server)


def test_the_groups_form_keeps_members_of_a_source(client_of, boss, group):
    page = reverse("admin:inventory_servergroup_change", args=[group.pk])
    member = group.members.get()
    fields = {
        **{"description": "", "members-TOTAL_FORMS": "1", "members-INITIAL_FORMS": "1"},
        **{"members-0-id": member.pk, "members-0-group": group.pk, "members-0-child": ""},
        **{"members-0-server": member.server_id, "members-0-DELETE": "on"},
    }
    answer = client_of(boss).post(page, fields)
    assert answer.status_code == 200 and WORDS in answer.content.decode()
    assert ServerGroupMember.objects.filter(pk=member.pk).exists()
    del fields["members-0-DELETE"]
    assert client_of(boss).post(page, fields).status_code == 302
    other = make.server()
    answer = client_of(boss).post(page, fields | {"members-0-server": other.pk})
    assert answer.status_code == 200 and WORDS in answer.content.decode()
