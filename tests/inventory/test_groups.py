"""Groups: what may be in them, and how people edit them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from inventory.models import GroupGraph, Inventory, Server, ServerGroup, ServerGroupMember
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db

URL = "/api/groups"


def test_a_graph_knows_what_is_below_and_above():
    one, two, three = (make.server() for _ in range(3))
    inner = make.group("inner", one, two)
    left, right = make.group("left", three, children=[inner]), make.group("right", children=[inner])
    top = make.group("top", children=[left, right])
    graph = GroupGraph(Inventory.objects.default())
    assert graph.servers_below(top.pk) == [three.pk, one.pk, two.pk]
    assert graph.below(top.pk) == [top.pk, left.pk, right.pk, inner.pk]
    assert set(graph.groups_of[one.pk]) == {inner.pk, left.pk, right.pk, top.pk}
    assert [graph.depth(each.pk) for each in (top, left, inner)] == [1, 2, 3]


def test_it_is_read_with_two_queries(django_assert_num_queries):
    make.group("a", *(make.server() for _ in range(3)), children=[make.group("b")])
    inventory = Inventory.objects.default()
    with django_assert_num_queries(2):
        graph = GroupGraph(inventory)
        assert graph.groups_of and graph.parents


def test_a_server_in_a_group_can_be_deleted_and_so_can_a_group():
    server, other = make.server(hostname="web1"), make.server()
    inner = make.group("inner", server, other)
    make.group("outer", children=[inner])
    server.delete()
    assert list(inner.members.values_list("server", flat=True)) == [other.pk]
    inner.delete()
    assert not ServerGroupMember.objects.exists()


def test_a_cycle_is_refused_with_the_path():
    c = make.group("c")
    a = make.group("a", children=[make.group("b", children=[c])])
    with pytest.raises(ValidationError, match="cannot contain itself: c → a → b → c"):
        c.set_members(children=[a])
    with pytest.raises(ValidationError, match="cannot contain itself: c → c"):
        c.set_members(children=[c])


def test_members_are_of_the_same_inventory_and_built_in_groups_have_none():
    group, other = make.group("web"), make.server(inventory=make.inventory(name="lab"))
    with pytest.raises(ValidationError, match="in another inventory"):
        group.set_members([other])
    everybody = make.group("all")
    with pytest.raises(ValidationError, match="Ansible itself decides"):
        everybody.set_members([make.server()])
    with pytest.raises(ValidationError, match="cannot be in another group"):
        group.set_members(children=[everybody])


def test_the_database_holds_a_member_once_and_only_one_kind():
    group, server = make.group("web"), make.server()
    group.set_members([server])
    for fields in ({"server": server}, {}, {"server": make.server(), "child": make.group("x")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ServerGroupMember.objects.create(group=group, **fields)


@pytest.mark.parametrize("name", ["", " web", "a\nb", "_meta", "localhost"])
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(ValidationError) as refused:
        ServerGroup(name=name).full_clean()
    assert "name" in refused.value.message_dict


def test_names_tell_capital_letters_apart():
    make.group("web")
    make.group("Web")
    with pytest.raises(ValidationError, match="already has a group of this name"):
        ServerGroup(name="web").full_clean()


# --- API and form ---------------------------------------------------------------------------------


def test_an_admin_makes_and_changes_one_over_the_api(api_of, boss):
    client, servers, child = api_of(boss), [make.server(), make.server()], make.group("inner")
    body = {
        "name": "web",
        "variables": {"port": 80, "db_password": "hunter2"},
        "server_ids": [server.pk for server in servers],
        "group_ids": [child.pk],
    }
    with recorded() as lines:
        made = client.post(URL, body)
    assert made.status_code == 201, made.json()
    shown = made.json()
    assert shown["server_ids"] == body["server_ids"] and shown["group_ids"] == [child.pk]
    assert shown["variables"] == {"port": 80, "db_password": "********"}
    assert "servergroup.created by boss" in lines
    assert lines.count("servergroupmember.created by boss") == 3
    assert "hunter2" not in str(ServerGroup.objects.get(name="web").variables)
    changed = client.patch(f"{URL}/{shown['id']}", {"server_ids": [servers[1].pk]}).json()
    assert (changed["server_ids"], changed["group_ids"]) == ([servers[1].pk], [child.pk])
    kept = client.patch(f"{URL}/{shown['id']}", {"variables": shown["variables"] | {"port": 81}})
    assert kept.json()["variables"] == {"port": 81, "db_password": "********"}
    refused = client.patch(f"{URL}/{child.pk}", {"group_ids": [shown["id"]]})
    assert refused.status_code == 400 and "inner → web → inner" in str(refused.json())
    assert client.get(URL, {"inventory": "default", "search": "we"}).json()["count"] == 1
    assert client.delete(f"{URL}/{shown['id']}").status_code == 204
    assert Server.objects.count() == 2


def test_a_group_stays_in_its_inventory(api_of, boss):
    group, lab = make.group("web"), make.inventory(name="lab")
    response = api_of(boss).patch(f"{URL}/{group.pk}", {"inventory_id": lab.pk})
    assert response.status_code == 400
    made = api_of(boss).post(URL, {"name": "web", "inventory_id": lab.pk})
    assert made.status_code == 201


def test_the_form_keeps_secrets_and_edits_members(client_of, boss):
    group = make.group("web", variables={"db_password": "hunter2"})
    server = make.server()
    page = reverse("admin:inventory_servergroup_change", args=[group.pk])
    client = client_of(boss)
    shown = client.get(page).content.decode()
    assert "hunter2" not in shown
    fields = {
        **{"name": "web", "priority": "3", "description": "", "inventory": group.inventory_id},
        **{"variables": '{"db_password": "********", "port": 1}'},
        **{"members-TOTAL_FORMS": "1", "members-INITIAL_FORMS": "0", "members-0-server": server.pk},
        **{"members-0-group": group.pk, "members-0-child": ""},
    }
    answer = client.post(page, fields)
    assert answer.status_code == 302, answer.content.decode()
    group.refresh_from_db()
    assert (group.priority, group.variables["port"]) == (3, 1)
    assert [member.server for member in group.members.all()] == [server]
    client.get(reverse("admin:inventory_servergroup_changelist"))


# --- Earlier databases ----------------------------------------------------------------------------

BEFORE, AFTER = "0011_server_groups", "0012_groups_of_tags"


@dataclass
class Converted:
    """The groups that a migration has made: {name: hostnames}."""

    groups: dict[str, list[str]]
    imported: set[str]
    left_on_the_way_back: int


def converted(rows: Iterable[tuple[str, str, dict[str, Any]]]) -> Converted:
    """Of servers (hostname, environment, tags) in a database of then."""
    executor = MigrationExecutor(connection)
    executor.migrate([("inventory", BEFORE)])
    of_then = executor.loader.project_state([("inventory", BEFORE)]).apps
    server, groups, members = (
        of_then.get_model("inventory", name).objects
        for name in ("Server", "ServerGroup", "ServerGroupMember")
    )
    default = Inventory.objects.default()
    try:
        for name, environment, tags in rows:
            own = {"hostname": name, "inventory_name": name, "inventory_id": default.pk}
            server.create(**own, environment=environment, tags=tags)
        MigrationExecutor(connection).migrate([("inventory", AFTER)])
        found = {
            group.name: [member.server.hostname for member in group.members.order_by("id")]
            for group in groups.all()
        }
        placed = members.filter(position__lt=1000)
        imported = set(placed.values_list("group__name", flat=True))
        MigrationExecutor(connection).migrate([("inventory", BEFORE)])
        return Converted(found, imported, groups.count())
    finally:
        latest = MigrationExecutor(connection)
        latest.migrate(latest.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_groups_of_tags_become_groups_once():
    tags = {
        "web1": {"role": "web", "groups": ["eu", "web-servers"], "canary": True, "old": False},
        "db1": {"role": ["db", "web"], "rack": 7, "groups": "eu"},
        "eu2": {"groups": ["all", "web1"]},
    }
    found = converted((name, "production", told) for name, told in tags.items())
    assert found.groups == {
        "role_web": ["web1", "db1"],
        "role_db": ["db1"],
        "rack_7": ["db1"],
        "canary": ["web1"],
        "eu": ["web1", "db1"],
        "web-servers": ["web1"],
    }
    assert found.imported == {"eu", "web-servers"}
    assert found.left_on_the_way_back == 0


@pytest.mark.django_db(transaction=True)
def test_a_tag_called_like_an_environment_leaves_nobody_out_of_its_group():
    """In a run, hosts: production were the servers of the environment and the tagged ones."""
    found = converted(
        [
            ("web1", "production", {"groups": ["production"]}),
            ("db1", "production", {}),
            ("build1", "eu-test", {"groups": ["staging"]}),
            ("test1", "eu-test", {"eu_test": True}),
            ("stage1", "staging", {}),
        ]
    )
    assert found.groups == {"staging": ["build1", "stage1"]}


@pytest.mark.django_db(transaction=True)
def test_a_tag_too_long_for_the_name_of_a_group_stops_no_migration():
    found = converted([("web1", "production", {"note": "x" * 300, "groups": ["y" * 255]})])
    assert found.groups == {"y" * 255: ["web1"]}


def test_a_server_or_group_that_is_deleted_leaves_its_groups():
    """One of two keys of a member is NULL, and never both."""
    server, kept = make.server(), make.server()
    inner = make.group("inner", server, kept)
    outer = make.group("outer", server, children=[inner])
    server.delete()
    assert [member.server for member in inner.members.all()] == [kept]
    inner.delete()
    assert not outer.members.exists()
