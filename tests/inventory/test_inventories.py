"""Inventories: which one a server is in, its two names, and the records themselves."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from inventory.models import UNPLACED, Inventory, Server
from inventory.models.inventories import keep_default_inventory
from schema.exceptions import Refused
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db

URL = "/api/inventories"
SERVERS = "/api/servers"


@pytest.fixture
def staging(db) -> Inventory:
    return make.inventory(name="Staging")


def cleaned(hostname: str, **fields) -> Server:
    row = Server(hostname=hostname, ip_address="192.0.2.1", **fields)
    row.full_clean()
    return row


def names(server: Server) -> tuple[str, str, str]:
    return server.hostname, str(server.inventory), server.inventory_name


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("web1", ("web1", "default", "web1")),
        (" WEB-Eins ", ("web-eins", "default", "WEB-Eins")),
        ("web1@default", ("web1", "default", "web1")),
        ("Web1@Staging", ("web1@staging", "Staging", "Web1")),
        ("web1@staging", ("web1@staging", "Staging", "web1")),
        ("2001:db8::10@Staging", ("2001:db8::10@staging", "Staging", "2001:db8::10")),
        ("[::1]@Staging", ("[::1]@staging", "Staging", "[::1]")),
        ("Büro 1@Staging", ("büro 1@staging", "Staging", "Büro 1")),
        ("-dash@Staging", ("-dash@staging", "Staging", "-dash")),
        ("root@db1@Staging", ("root@db1@staging", "Staging", "root@db1")),
    ],
)
def test_a_typed_hostname_says_the_inventory_and_the_name(staging, typed, expected):
    row = cleaned(typed)
    row.save()
    assert names(Server.objects.get()) == expected
    assert row.position == UNPLACED


@pytest.mark.parametrize(
    "typed",
    [
        "web1@nowhere",
        "@Staging",
        "all@Staging",
        "UNGROUPED@Staging",
        "a\nb@Staging",
        "web 1",
        "::1",
    ],
)
def test_a_name_that_cannot_be_is_refused_at_its_field(staging, typed):
    with pytest.raises(ValidationError) as refused:
        cleaned(typed)
    assert list(refused.value.message_dict) == ["hostname"]


def test_what_ansible_says_gives_the_hostname(staging):
    named = {"inventory": staging, "inventory_name": "UPPER.Example"}
    assert cleaned("", **named).hostname == "upper.example@staging"
    default = {"inventory": Inventory.objects.default(), "inventory_name": "::1"}
    assert cleaned("", **default).hostname == "::1"
    # Where that hostname is taken, an import chooses one with a number.
    assert cleaned("upper.example~2@staging", **named).inventory_name == "UPPER.Example"


def test_a_row_that_was_not_cleaned_takes_its_name_from_the_hostname(staging):
    rows = [Server(hostname="a"), Server(hostname="b@staging", inventory=staging)]
    Server.objects.bulk_create(rows)
    assert [names(each)[2] for each in Server.objects.order_by("hostname")] == ["a", "b"]


def test_a_rename_changes_both_names_and_nothing_else_changes_them(staging, boss):
    server = make.server(hostname="WEB1", inventory=staging)
    server.full_clean()
    assert names(server) == ("web1@staging", "Staging", "WEB1")
    server.hostname = "Web2@staging"
    server.full_clean()
    assert names(server) == ("web2@staging", "Staging", "Web2")
    server.refresh_from_db()
    server.edit(boss, description="new")
    assert names(server) == ("web1@staging", "Staging", "WEB1")


@pytest.mark.parametrize("typed", ["web1", "web1@default", "db1"])
def test_a_server_stays_in_its_inventory(staging, typed):
    server = make.server(hostname="web1", inventory=staging)
    server.hostname = typed
    with pytest.raises(ValidationError, match="stays in its inventory, “Staging”: enter “"):
        server.full_clean()


def test_names_are_unique_in_their_inventory_and_exact(staging):
    for inventory in (staging, Inventory.objects.default()):
        make.server(hostname="web1", inventory=inventory)
    fields = {"inventory": staging, "inventory_name": "WEB1", "ip_address": "192.0.2.1"}
    upper = Server(hostname="web1~2@staging", **fields)
    upper.full_clean()
    upper.save()
    with pytest.raises(ValidationError, match="already has a server “WEB1”"):
        cleaned("WEB1@Staging")
    with pytest.raises(IntegrityError), transaction.atomic():
        Server(hostname="other", inventory=staging, inventory_name="WEB1").save()


def test_inventories_tell_capital_letters_apart(staging):
    lower = make.inventory(name="staging")
    assert Inventory.objects.named("staging") == lower
    assert Inventory.objects.named("STAGING") is None
    assert Inventory.objects.named("Default") == Inventory.objects.default()


# --- Servers that people name ---------------------------------------------------------------------


def test_a_server_is_found_by_either_form(staging):
    own, other = make.server(hostname="web1"), make.server(hostname="Db1", inventory=staging)
    user = make.server(hostname="root@10.0.0.1")
    found = Server.objects.named
    assert found("web1") == found("WEB1") == found("web1@default") == own
    assert found("Db1") == found("db1") == found("db1@Staging") == found("db1@staging") == other
    assert found("root@10.0.0.1") == user


def test_the_exact_name_wins_over_one_in_another_case(staging):
    lower = make.server(hostname="web1", inventory=staging)
    upper = make.server(hostname="web1~2", inventory=staging)
    Server.objects.filter(pk=upper.pk).update(inventory_name="WEB1")
    assert Server.objects.named("web1@staging") == lower
    assert Server.objects.named("WEB1@staging").pk == upper.pk


def test_a_bare_name_of_several_inventories_is_refused_with_the_forms(staging, boss):
    make.server(hostname="web1")
    make.server(hostname="web1", inventory=staging)
    with pytest.raises(Refused, match="“web1” is in several inventories: web1@default, web1@Stag"):
        Server.objects.named("web1")
    with pytest.raises(Refused, match="There is no server “web9”"):
        Server.objects.named("web9")
    with pytest.raises(CommandError, match="web1@default, web1@Staging"):
        call_command("fetch_host_key", "web1")


# --- The records ----------------------------------------------------------------------------------


def test_an_admin_adds_and_changes_one_over_the_api(api_of, boss):
    client = api_of(boss)
    with recorded() as lines:
        made = client.post(URL, {"name": "staging", "separates_environments": True})
        client.patch(f"{URL}/{made.json()['id']}", {"description": "Before production"})
    assert made.status_code == 201
    assert (made.json()["is_default"], made.json()["separates_environments"]) == (False, True)
    assert lines[-2:] == ["inventory.created by boss", "inventory.updated by boss"]
    assert client.get(URL, {"search": "before"}).json()["count"] == 1
    assert client.get(URL, {"name": "default"}).json()["results"][0]["is_default"] is True


@pytest.mark.parametrize("name", ["", "a@b", "a,b", "a\nb", "default"])
def test_a_name_of_an_inventory_that_cannot_be_is_refused(api_of, boss, name):
    response = api_of(boss).post(URL, {"name": name})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["name"])


def test_one_with_servers_keeps_its_name(api_of, boss, staging):
    client = api_of(boss)
    assert client.patch(f"{URL}/{staging.pk}", {"name": "Test"}).status_code == 200
    make.server(inventory=Inventory.objects.get(pk=staging.pk))
    response = client.patch(f"{URL}/{staging.pk}", {"name": "Staging"})
    assert "called name@test" in response.json()["fields"]["name"][0]
    default = Inventory.objects.default()
    assert client.patch(f"{URL}/{default.pk}", {"name": "production"}).status_code == 200


def test_the_default_one_and_one_with_servers_stay(api_of, client_of, boss, staging):
    default, client = Inventory.objects.default(), api_of(boss)
    assert client.delete(f"{URL}/{default.pk}").status_code == 409
    page = reverse("admin:inventory_inventory_delete", args=[default.pk])
    assert client_of(boss).post(page, {"post": "yes"}).status_code == 403
    server = make.server(inventory=staging)
    assert "used by servers." in client.delete(f"{URL}/{staging.pk}").json()["detail"]
    server.delete()
    assert client.delete(f"{URL}/{staging.pk}").status_code == 204


def test_the_api_shows_and_filters_by_both_names(api_of, boss, staging):
    client, other = api_of(boss), make.server(hostname="web1")
    made = client.post(SERVERS, {"hostname": "Web1@staging", "ip_address": "192.0.2.1"})
    assert made.status_code == 201
    shown = made.json()
    assert (shown["hostname"], shown["inventory"], shown["inventory_name"]) == (
        *("web1@staging", "Staging", "Web1"),
    )

    def found(**filters: str) -> list[str]:
        return [row["hostname"] for row in client.get(SERVERS, filters).json()["results"]]

    assert found(inventory="Staging") == found(hostname="WEB1@staging") == ["web1@staging"]
    assert found(hostname="web1") == found(hostname="web1@default") == [other.hostname]
    assert found(hostname="web1@nowhere") == []
    renamed = client.patch(f"{SERVERS}/{shown['id']}", {"hostname": "DB1@Staging"}).json()
    assert (renamed["hostname"], renamed["inventory_name"]) == ("db1@staging", "DB1")
    moved = client.patch(f"{SERVERS}/{shown['id']}", {"hostname": "db1"})
    assert moved.status_code == 400 and "stays in its" in moved.json()["fields"]["hostname"][0]


def test_the_form_takes_the_same_and_keeps_names_that_nobody_may_type(client_of, boss, staging):
    client = client_of(boss)
    add = reverse("admin:inventory_server_add")
    fields = {"ip_address": "192.0.2.1", "ssh_port": "22", "environment": "test", "is_active": "on"}
    client.post(add, fields | {"hostname": "Web1@Staging"})
    assert names(Server.objects.get()) == ("web1@staging", "Staging", "Web1")
    six = make.server(hostname="::1")
    page = reverse("admin:inventory_server_change", args=[six.pk])
    client.post(page, fields | {"hostname": "::1", "description": "kept"})
    six.refresh_from_db()
    assert (six.description, *names(six)) == ("kept", "::1", "default", "::1")
    listed = reverse("admin:inventory_server_changelist")
    client.get(listed)  # takes the messages
    shown = client.get(listed, {"inventory__id__exact": staging.pk}).content.decode()
    assert "web1@staging" in shown and "::1" not in shown


# --- Earlier databases ----------------------------------------------------------------------------

BEFORE, AFTER = "0007_sealed_variables", "0010_servers_have_inventories"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_servers", [True, False])
def test_an_earlier_database_gets_a_default_inventory(has_servers):
    executor = MigrationExecutor(connection)
    executor.migrate([("inventory", BEFORE)])
    Old = executor.loader.project_state([("inventory", BEFORE)]).apps.get_model(
        "inventory", "Server"
    )
    try:
        for number in range(2 if has_servers else 0):
            Old.objects.create(hostname=f"web{number}", ip_address="192.0.2.1")
        times = dict(Old.objects.values_list("hostname", "updated_at"))
        MigrationExecutor(connection).migrate([("inventory", AFTER)])
        migrated = [*Server.objects.order_by("pk").values_list("hostname", "inventory_name")]
        default = Inventory.objects.default()
        inside = default.servers.count()
        kept = dict(Server.objects.values_list("hostname", "updated_at"))
        MigrationExecutor(connection).migrate([("inventory", BEFORE)])
        back = Old.objects.count()
    finally:
        latest = MigrationExecutor(connection)
        latest.migrate(latest.loader.graph.leaf_nodes())
    assert default.separates_environments is has_servers
    assert migrated == ([("web0", "web0"), ("web1", "web1")] if has_servers else [])
    assert inside == back == len(migrated)
    assert kept == times


@pytest.mark.django_db
def test_there_is_a_default_inventory_again_after_a_flush():
    Inventory.objects.all().delete()
    keep_default_inventory(using="default")
    keep_default_inventory(using="default")
    assert Inventory.objects.default().name == "default"
