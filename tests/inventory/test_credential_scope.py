"""Where a credential may be used, and by whom: the rules, and how they are set."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from audit.models import AuditLog
from inventory.models import Credential
from schema.exceptions import Refused
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db

SCOPE = ("inventory", "0005_scopes_of_earlier_credentials")
BEFORE = ("inventory", "0004_credential_scopes")


def page(credential) -> str:
    return reverse("admin:inventory_credential_change", args=[credential.pk])


# --- Where and by whom ----------------------------------------------------------------------------


def test_an_environment_or_a_server_lets_it_be_used_there(alice):
    credential = make.credential(environments=["staging"])
    staging, named = make.server(environment="staging"), make.server(environment="production")
    credential.allowed_servers.add(named)

    credential.refuse_misuse([staging, named], alice)
    with pytest.raises(Refused, match="may not be used on web9"):
        other = make.server(hostname="web9", environment="production")
        credential.refuse_misuse([staging, other], alice)


def test_a_group_or_an_inventory_lets_it_be_used_on_all_within(alice):
    staging = make.inventory(name="staging")
    inside, outside = make.server(hostname="web1"), make.server(hostname="web9")
    region = make.group("region", children=[make.group("web", inside)])
    by_group, by_inventory = (make.credential(environments=[]) for _ in range(2))
    by_group.allowed_groups.add(region)
    by_inventory.allowed_inventories.add(staging)

    by_group.refuse_misuse([inside], alice)
    by_inventory.refuse_misuse([make.server(hostname="web1", inventory=staging)], alice)
    for credential in (by_group, by_inventory):
        with pytest.raises(Refused, match="may not be used on web9"):
            credential.refuse_misuse([outside], alice)
    assert (by_group.used_on, by_inventory.used_on) == ("group region", "inventory staging")


def test_who_leaves_the_group_leaves_the_scope(alice):
    credential, server = make.credential(environments=[]), make.server(hostname="web1")
    web = make.group("web", server)
    credential.allowed_groups.add(web)
    run = make.launch(make.playbook(), alice, [server], credential=credential)
    web.members.all().delete()
    assert not run.claim({server.pk})
    run.refresh_from_db()
    assert "may not be used on web1" in run.cancel_reason


def test_groups_in_a_scope_are_read_once(boss, django_assert_max_num_queries):
    servers = [make.server() for _ in range(20)]
    credential = make.credential(environments=[])
    credential.allowed_groups.add(make.group("web", *servers))
    rows = list(type(servers[0]).objects.all())
    with django_assert_max_num_queries(8):
        credential.refuse_misuse(rows, boss)


def test_the_api_sets_groups_and_inventories(api_of, boss):
    web, credential = make.group("web", make.server()), make.credential()
    body = {"group_ids": [web.pk], "inventory_ids": [web.inventory_id]}
    answer = api_of(boss).patch(f"/api/credentials/{credential.pk}", body)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in body} == body


def test_without_a_scope_it_is_used_nowhere_not_even_by_an_admin(boss):
    with pytest.raises(Refused, match="may not be used on"):
        make.credential(environments=[]).refuse_misuse([make.server()], boss)


def test_without_roles_it_is_for_admins(alice, boss):
    credential = make.credential(roles=[])
    credential.refuse_misuse([make.server()], boss)
    with pytest.raises(PermissionDenied, match="may not be used by the role operator"):
        credential.refuse_misuse([make.server()], alice)


def test_many_servers_out_of_scope_are_not_all_told(boss):
    servers = [make.server(hostname=f"web{n}", environment="test") for n in range(1, 6)]
    with pytest.raises(Refused, match="web1, web2, web3 and 2 more"):
        make.credential().refuse_misuse(servers, boss)


# --- Passwords ------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["ssh_password", "become_password"])
def test_a_password_goes_to_pinned_servers_only(boss, secret):
    credential = make.credential(**{secret: "hunter2"})
    credential.refuse_misuse([make.server(host_key=make.HOST_KEY)], boss)
    with pytest.raises(Refused, match=r"pinned for web1\. Fetch .* compare the fingerprint"):
        credential.refuse_misuse([make.server(hostname="web1")], boss)


@pytest.mark.parametrize(
    "connection", ["winrm", "local", "paramiko_ssh", "smart", "{{ x }}", ["ssh"]]
)
def test_an_ssh_password_goes_over_ssh_only(boss, connection):
    server = make.server(
        host_key=make.HOST_KEY, variables={"ansible_connection": connection}, hostname="win1"
    )
    with pytest.raises(Refused, match="over SSH only, not to win1"):
        make.credential(ssh_password="hunter2").refuse_misuse([server], boss)


def test_a_become_password_stays_on_the_worker_where_nothing_is_connected_to(boss):
    credential = make.credential(become_password="hunter2")
    credential.refuse_misuse([make.localhost()], boss)
    with pytest.raises(Refused, match="over SSH only"):
        windows = make.server(variables={"ansible_connection": "winrm"})
        credential.refuse_misuse([windows], boss)


def test_a_key_needs_no_pinned_server(boss):
    make.credential(ssh_user="ops").refuse_misuse([make.server()], boss)


# --- Setting the scope ----------------------------------------------------------------------------


def test_a_new_one_may_be_used_nowhere_and_by_admins_only(api_of, boss):
    made = api_of(boss).post("/api/credentials", {"name": "prod"}).json()
    assert (made["environments"], made["server_ids"], made["roles"]) == ([], [], [])


def test_the_api_takes_the_scope_and_each_part_is_recorded(api_of, boss):
    server, client = make.server(hostname="db1"), api_of(boss)
    given = {"environments": [" Production ", "production"], "server_ids": [server.pk]}
    with recorded() as lines:
        made = client.post("/api/credentials", {"name": "prod", "roles": ["operator"], **given})
    assert made.status_code == 201, made.json()
    assert made.json()["environments"] == ["production"]
    assert made.json()["server_ids"] == [server.pk]
    assert lines == ["credential.created by boss", "credential.updated by boss"]
    credential = Credential.objects.get()
    assert AuditLog.objects.about(credential)[0].details["allowed_servers_added"] == ["db1"]

    path = f"/api/credentials/{credential.pk}"
    assert client.patch(path, {"server_ids": []}).json()["server_ids"] == []
    assert AuditLog.objects.about(credential)[0].details["allowed_servers_removed"] == ["db1"]
    client.patch(path, {"environments": ["staging"]})
    changes = AuditLog.objects.about(credential)[0].details["changes"]
    assert changes["environments"] == [["production"], ["staging"]]
    assert client.patch(path, {"description": "x"}).json()["environments"] == ["staging"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("roles", ["viewer"], "list of roles that can launch"),
        ("roles", "operator", "list"),
        ("environments", "production", "list"),
        ("environments", ["x" * 51], "list of environments"),
        ("server_ids", [999], "There is no server 999."),
    ],
)
def test_a_scope_that_cannot_be_is_400(api_of, boss, field, value, said):
    answer = api_of(boss).post("/api/credentials", {"name": "prod", field: value})
    assert answer.status_code == 400
    assert said in str(answer.json()["fields"][field])


@pytest.mark.parametrize(
    "wrong", [{"environments": {"a": 1}}, {"environments": [1]}, {"roles": ["auditor"]}]
)
def test_a_scope_of_another_shape_is_refused(wrong):
    with pytest.raises(ValidationError):
        Credential(name="x", **wrong).full_clean()


def test_an_admin_sets_it_on_the_credentials_page(client_of, boss, alice):
    server = make.server(hostname="db1", environment="production")
    credential = make.credential(name="prod", environments=[], roles=[])
    client = client_of(boss)
    assert "In use: production." in client.get(page(credential)).content.decode()
    form = {"name": "prod", "is_active": "on", "environments": "Staging, test,"}
    answer = client.post(
        page(credential), {**form, "allowed_servers": [server.pk], "roles": ["operator"]}
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    credential = Credential.objects.get()
    assert credential.environments == ["staging", "test"]
    assert list(credential.allowed_servers.all()) == [server]
    assert credential.roles == ["operator"]
    for text in (
        client_of(alice).get(page(credential)).content.decode(),
        client.get(reverse("admin:inventory_credential_changelist")).content.decode(),
    ):
        assert "staging, test, db1" in text
        assert "Admins, operators" in text


def test_a_role_that_does_not_launch_is_no_choice(client_of, boss):
    credential = make.credential(name="prod")
    answer = client_of(boss).post(page(credential), {"name": "prod", "roles": ["viewer"]})
    assert "roles" in answer.context["adminform"].form.errors


def test_the_list_says_where_nothing_is_said_yet(client_of, boss):
    make.credential(environments=[], roles=[])
    text = client_of(boss).get(reverse("admin:inventory_credential_changelist")).content.decode()
    assert "Nowhere yet" in text


def test_an_operator_changes_no_scope_and_nothing_that_leads_a_connection(api_of, alice):
    credential = make.credential(environments=["staging"])
    server = make.server(credential=credential)
    client = api_of(alice)
    for path, change in (
        (f"/api/credentials/{credential.pk}", {"environments": ["production"]}),
        (f"/api/credentials/{credential.pk}", {"roles": ["operator"]}),
        (f"/api/credentials/{credential.pk}", {"server_ids": [server.pk]}),
        (f"/api/servers/{server.pk}", {"ip_address": "192.0.2.66"}),
        (f"/api/servers/{server.pk}", {"ssh_port": 2222}),
        (f"/api/servers/{server.pk}", {"host_key": make.HOST_KEY}),
        (f"/api/servers/{server.pk}", {"environment": "staging"}),
        (f"/api/servers/{server.pk}", {"credential_id": credential.pk}),
        (f"/api/servers/{server.pk}", {"variables": {"ansible_connection": "winrm"}}),
    ):
        assert client.patch(path, change).status_code == 403, (path, change)
    assert client.post("/api/servers", {"hostname": "mine"}).status_code == 403


# --- Existing credentials -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_earlier_credentials_get_the_environments_of_their_servers():
    executor = MigrationExecutor(connection)
    executor.migrate([BEFORE])
    apps = executor.loader.project_state([BEFORE]).apps
    try:
        Old, Server = (
            apps.get_model("inventory", "Credential"),
            apps.get_model("inventory", "Server"),
        )
        used, unused = Old.objects.create(name="used"), Old.objects.create(name="unused")
        for number, environment in enumerate(["staging", "production", "staging"]):
            Server.objects.create(
                hostname=f"web{number}",
                ip_address="192.0.2.1",
                environment=environment,
                credential=used,
                is_active=bool(number),
            )
        Server.objects.create(hostname="other", ip_address="192.0.2.2", environment="test")

        MigrationExecutor(connection).migrate([SCOPE])
        told = dict(Old.objects.values_list("name", "environments"))
        roles = dict(Old.objects.values_list("name", "roles"))
        MigrationExecutor(connection).migrate([BEFORE])
        back = set(Old.objects.values_list("name", flat=True)), used.pk, unused.pk
        emptied = [*Old.objects.values_list("environments", "roles")]
    finally:
        latest = MigrationExecutor(connection)
        latest.migrate(latest.loader.graph.leaf_nodes())
    assert told == {"used": ["production", "staging"], "unused": []}
    assert roles == {"used": ["operator"], "unused": []}
    assert back[0] == {"used", "unused"}
    assert emptied == [([], []), ([], [])]
