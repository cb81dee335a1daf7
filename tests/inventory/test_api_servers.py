import pytest

from audit.models import AuditLog
from inventory.host_variables import opened_variables
from inventory.models import Server
from tests import make
from tests.recording import recorded

URL = "/api/servers"
NEW = {"hostname": "db1.example.com", "ip_address": "192.0.2.9", "environment": "production"}


def test_an_admin_registers_a_server(api_of, boss):
    with recorded() as lines:
        response = api_of(boss).post(URL, NEW | {"hostname": "DB1.Example.com", "ssh_port": 2222})
    assert response.status_code == 201
    shown = response.json()
    assert (shown["hostname"], shown["ssh_port"], shown["is_active"]) == (
        "db1.example.com",
        2222,
        True,
    )
    assert lines[-1:] == ["server.created by boss"]
    assert len(lines) == 2  # the first records boss's login
    changes = AuditLog.objects.first().details["changes"]
    assert changes["hostname"] == [None, "db1.example.com"]
    assert changes.keys() <= {field.name for field in Server._meta.concrete_fields}


def test_one_server(api_of, bob):
    server = make.server(tags={"role": "web"})
    shown = api_of(bob).get(f"{URL}/{server.pk}").json()
    assert shown["id"] == server.pk
    assert shown["tags"] == {"role": "web"}


def test_a_change_is_recorded_once_and_only_if_it_is_one(api_of, boss):
    server = make.server(description="")
    client = api_of(boss)
    with recorded() as lines:
        response = client.patch(f"{URL}/{server.pk}", {"description": "the new one"})
        client.patch(f"{URL}/{server.pk}", {"description": "the new one"})
    assert response.json()["description"] == "the new one"
    assert lines == ["server.updated by boss"]
    assert AuditLog.objects.first().details["changes"] == {"description": ["", "the new one"]}


def test_a_server_without_history_can_be_deleted(api_of, boss):
    server, client = make.server(), api_of(boss)
    with recorded() as lines:
        assert client.delete(f"{URL}/{server.pk}").status_code == 204
    assert lines == ["server.deleted by boss"]
    assert not Server.objects.filter(pk=server.pk).exists()


def test_a_server_that_history_names_stays(api_of, boss):
    server = make.job().server
    response = api_of(boss).delete(f"{URL}/{server.pk}")
    assert response.status_code == 409
    assert "used by jobs; deactivate it instead" in response.json()["detail"]
    assert Server.objects.filter(pk=server.pk).exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("hostname", "no spaces please", "is not a valid host name"),
        ("hostname", "", "may not be blank"),
        ("ip_address", "300.1.1.1", "valid IPv4 or IPv6"),
        ("ssh_port", 0, "greater than or equal to 1"),
        ("ssh_port", 65536, "less than or equal to 65535"),
        ("ssh_port", 10**30, "less than or equal to 65535"),
        ("ssh_port", "ssh", "valid integer"),
        ("ssh_key_path", "../../etc/shadow", "is outside"),
        ("tags", ["web"], "JSON object"),
        ("tags", [], "JSON object"),
        ("tags", "", "JSON object"),
        ("tags", {"role": {"a": 1}}, "“role”"),
        ("variables", "a=1", "JSON object"),
        ("variables", [], "JSON object"),
        ("variables", {"no-name": 1}, "“no-name”"),
        ("variables", {"ansible_password": "********"}, "stands for a stored secret"),
        ("host_key", "AAAA", "not a public host key"),
        ("is_active", "perhaps", "valid boolean"),
        ("description", None, "may not be null"),
        ("hostnaem", "web1", "No such field. Known: credential_id, description"),
        ("id", 5, "This field is read-only."),
        ("created_at", "2026-01-01", "This field is read-only."),
    ],
)
def test_a_bad_value_is_refused_by_its_name(api_of, boss, field, value, said):
    response = api_of(boss).post(URL, NEW | {field: value})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert said in " ".join(response.json()["fields"][field])
    assert said in response.json()["detail"]
    assert not Server.objects.exists()


def test_a_host_name_is_taken_whatever_its_case(api_of, boss):
    make.server(hostname="db1.example.com")
    response = api_of(boss).post(URL, NEW | {"hostname": "DB1.example.com"})
    assert response.status_code == 400
    assert "already exists" in response.json()["fields"]["hostname"][0]


def test_what_is_missing_is_said(api_of, boss):
    response = api_of(boss).post(URL, {})
    # Without an address, Ansible connects to the name.
    assert set(response.json()["fields"]) == {"hostname"}


SECRETS = {
    "ansible_password": "hunter2hunter2",
    "http_port": 80,
    "app": {"db_password": "swordfish", "name": "shop"},
    "keys": [{"token": "abcdefgh"}],
}


def test_secrets_are_masked_in_answers_and_in_the_trail(api_of, boss):
    response = api_of(boss).post(URL, NEW | {"variables": SECRETS})
    shown = response.json()["variables"]
    assert shown["ansible_password"] == shown["app"]["db_password"] == "********"
    assert (shown["http_port"], shown["app"]["name"]) == (80, "shop")
    trail = str(list(AuditLog.objects.values_list("details", flat=True)))
    answers = response.content.decode() + api_of(boss).get(URL).content.decode() + trail
    for secret in ("hunter2", "swordfish", "abcdefgh"):
        assert secret not in answers
    assert opened_variables(Server.objects.get()) == SECRETS


def test_a_mask_that_is_sent_back_keeps_what_is_stored(api_of, boss):
    server, client = make.server(variables=SECRETS), api_of(boss)
    shown = client.get(f"{URL}/{server.pk}").json()["variables"]
    shown["http_port"] = 8080
    shown["app"]["db_password"] = "another one"
    assert client.patch(f"{URL}/{server.pk}", {"variables": shown}).status_code == 200
    server.refresh_from_db()
    changed = {"http_port": 8080, "app": {"db_password": "another one", "name": "shop"}}
    assert opened_variables(server) == SECRETS | changed


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("environment=production", {"db1", "db2"}),
        ("environment=Production", {"db1", "db2"}),
        ("is_active=false", {"old"}),
        ("hostname=DB1", {"db1"}),
        ("tag=role:db", {"db1", "db2"}),
        ("tag=role:replica", {"db2"}),
        ("tag=role", {"db1", "db2", "old"}),
        ("tag=rack:7", {"db1"}),
        ("tag=canary:true", {"old"}),
        ("tag=nothing:here", set()),
        ('tag=r"ole:db', set()),
        ("search=2.0.2.77", {"old"}),
        ("search=%25", set()),
        ("environment=production&is_active=true&tag=rack:7", {"db1"}),
    ],
)
def test_filters(api_of, bob, query, found):
    make.server(hostname="db1", environment="production", tags={"role": "db", "rack": 7})
    make.server(hostname="db2", environment="production", tags={"role": ["db", "replica"]})
    old = {"role": "web", "canary": True}
    make.server(hostname="old", is_active=False, tags=old, ip_address="192.0.2.77")
    response = api_of(bob).get(f"{URL}?{query}")
    assert {row["hostname"] for row in response.json()["results"]} == found


def test_ordering_and_pages(api_of, bob):
    for name in ("b", "c", "a"):
        make.server(hostname=name)
    client = api_of(bob)

    def names(query: str) -> list[str]:
        return [row["hostname"] for row in client.get(f"{URL}?{query}").json()["results"]]

    assert names("") == ["a", "b", "c"]
    assert names("ordering=-hostname") == ["c", "b", "a"]
    assert names("ordering=created_at&page_size=2&page=2") == ["a"]
    assert client.get(f"{URL}?page_size=2").json()["count"] == 3


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("enviroment=production", "enviroment"),
        ("is_active=maybe", "is_active"),
        ("ordering=size", "ordering"),
        ("page_size=0", "page_size"),
        ("page_size=501", "page_size"),
        ("page_size=many", "page_size"),
        ("cursor=abc", "cursor"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(api_of, bob, query, name):
    response = api_of(bob).get(f"{URL}?{query}")
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [name]


def test_a_page_that_is_not_there(api_of, bob):
    response = api_of(bob).get(f"{URL}?page=99")
    assert response.status_code == 400
    assert response.json()["fields"].keys() == {"page"}


def test_a_list_asks_a_fixed_number_of_times(api_of, bob, query_ceiling):
    for _ in range(20):
        make.server()
    client = api_of(bob)
    with query_ceiling(4):  # session, user, count, rows
        assert len(client.get(URL).json()["results"]) == 20


def test_a_name_as_written_is_found_by_it(api_of, bob):
    """Names that differ in capitals only have host names with a number."""
    names = ("upper", "UPPER", "2001:db8::10", "büro1")
    lab = make.inventory(name="lab")
    rows = {name: make.server(hostname=name, inventory=lab) for name in names[:1]}
    rows |= {"UPPER": make.server(hostname="upper~2", inventory=lab)}
    Server.objects.filter(pk=rows["UPPER"].pk).update(inventory_name="UPPER")
    rows |= {name: make.server(hostname=name, inventory=lab) for name in names[2:]}
    for name, server in rows.items():
        found = api_of(bob).get("/api/servers", {"hostname": f"{name}@lab"}).json()["results"]
        assert [each["id"] for each in found] == [server.pk], name
    found = api_of(bob).get("/api/servers", {"hostname": "Büro1@lab"}).json()["results"]
    assert [each["inventory_name"] for each in found] == ["büro1"]
