"""Secrets among a server's variables: sealed in the table, masked everywhere, marked if wanted."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from audit.models import AuditLog
from inventory.host_variables import opened_variables, variables_to_store
from inventory.models import Server
from schema.encryption import Undecryptable, generate_key
from schema.sealing import is_sealed
from tests import make

pytestmark = pytest.mark.django_db

MASK = "********"
MARK = 'name="variables-mark" value="shop" autocomplete="off"'
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB hunter2\n-----END PRIVATE KEY-----\n"
SECRETS = {
    "rootpw": "hunter2",
    "db_password": 12345,
    "jwt": {"hunter2": ["hunter2", 1.5, None, True]},
    "api_tokens": ["hunter2", {"old": "hunter2"}],
    "tls_key": KEY,
    "vault_password": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\nhunter2\n"},
}
OPEN = {
    "token_ttl": 3600,
    "password_authentication": True,
    "secret_name": "web-tls",
    "ssl_key": "/etc/ssl/private/web.key",
    "db_passwd": None,
    "app": {"name": "shop", "users": [{"name": "anna", "level": 1}]},
}
NESTED = {"app": {"name": "shop", "users": [{"name": "anna", "password": "hunter2"}]}}


def stored_text(server) -> str:
    """The column as it is in the table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT variables FROM servers WHERE id = %s", [server.pk])
        return str(cursor.fetchone()[0])


def form(server, **values):
    names = ("hostname", "ip_address", "environment", "ssh_port")
    fields = {name: getattr(server, name) for name in names}
    return {**fields, "tags": "{}", "is_active": "on", **values}


def change(server) -> str:
    return reverse("admin:inventory_server_change", args=[server.pk])


def rows(*given: tuple[str, str, str], marked: tuple[str, ...] = ()):
    names, types, values = zip(*given, strict=True)
    sent = {"name": names, "type": types, "value": values, "mark": marked}
    return {"variables-as": "rows", **{f"variables-{part}": list(sent[part]) for part in sent}}


@pytest.mark.parametrize("write", ["save", "update", "bulk_create", "clean"])
def test_whoever_writes_no_secret_is_in_the_table_in_clear(write):
    server = Server(hostname="web1", ip_address="192.0.2.1")
    if write == "bulk_create":
        server.variables = SECRETS | OPEN
        Server.objects.bulk_create([server])
        server = Server.objects.get()
    elif write == "update":
        server.save()
        Server.objects.filter(pk=server.pk).update(variables=SECRETS | OPEN)
    else:
        server.variables = SECRETS | OPEN
        if write == "clean":
            server.full_clean()
            assert "hunter2" not in str(server.variables)
        server.save()
    text = stored_text(server)
    assert "hunter2" not in text and "12345" not in text
    server.refresh_from_db()
    assert json.dumps(opened_variables(server)) == json.dumps(SECRETS | OPEN)
    assert {name: server.variables[name] for name in OPEN} == OPEN
    assert all(map(is_sealed, (server.variables[name] for name in SECRETS)))


def test_around_a_secret_the_structure_stays_readable():
    server = make.server(variables=NESTED)
    server.refresh_from_db()
    user = server.variables["app"]["users"][0]
    assert server.variables["app"]["name"] == "shop" and user["name"] == "anna"
    assert is_sealed(user["password"]) and opened_variables(server) == NESTED


@pytest.mark.parametrize("who", ["bob", "vera", "alice", "boss"])
def test_no_role_sees_one_anywhere(request, client_of, api_of, boss, who):
    user = request.getfixturevalue(who)
    server = make.server(hostname="web1", description="shop")
    answer = api_of(boss).patch(
        f"/api/servers/{server.pk}",
        {"variables": {**SECRETS, **NESTED, "shop": "hunter2"}, "secret_variables": ["shop"]},
    )
    assert answer.status_code == 200, answer.data
    assert "hunter2" not in stored_text(server)
    client, api = client_of(user), api_of(user)
    lists = reverse("admin:inventory_server_changelist")
    line_of = reverse("admin:audit_auditlog_changelist")
    paths = [
        server.get_absolute_url(),
        change(server),
        lists,
        f"{lists}export.csv",
        f"{lists}export.json",
        line_of,
        *(f"{line_of}{pk}/change/" for pk in AuditLog.objects.values_list("pk", flat=True)),
    ]
    texts = [client.get(path).getvalue().decode() for path in paths]
    texts += [api.get(path).content.decode() for path in ("/api/servers", "/api/audit-logs")]
    texts.append(api.get(f"/api/servers/{server.pk}").content.decode())
    for text in texts:
        assert "hunter2" not in text and "gAAAA" not in text
    assert MASK in texts[-1]
    assert "hunter2" not in str(list(AuditLog.objects.values_list("details", flat=True)))


def test_filters_and_searches_cannot_guess_one(client_of, api_of, bob):
    make.server(hostname="web1", variables={"db_password": "hunter2"})
    lists = reverse("admin:inventory_server_changelist")
    query = {"variables__db_password__startswith": "hunter"}
    refused = client_of(bob).get(lists, query)
    assert refused.status_code == 302 and "variables" not in refused.url
    assert "web1" not in client_of(bob).get(lists, {"q": "hunter2"}).content.decode()
    assert api_of(bob).get("/api/servers", {"search": "hunter2"}).json()["results"] == []
    assert api_of(bob).get("/api/servers", query).status_code == 400


# --- Marks ----------------------------------------------------------------------------------------


def marked(server) -> list[str]:
    server.refresh_from_db()
    return server.secret_variables


def test_a_mark_stays_through_the_api(api_of, boss):
    server, api = make.server(variables={"shop": "hunter2", "rack": 4}), api_of(boss)
    path = f"/api/servers/{server.pk}"
    shown = api.patch(path, {"secret_variables": ["shop"]}).json()
    assert shown["variables"] == {"shop": MASK, "rack": 4}
    assert shown["secret_variables"] == ["shop"]
    assert "hunter2" not in stored_text(server)
    # Sent back, with another value for it, and with the rest alone.
    assert api.patch(path, {"variables": shown["variables"]}).status_code == 200
    assert opened_variables(Server.objects.get()) == {"shop": "hunter2", "rack": 4}
    api.patch(path, {"variables": {"shop": ["hunter3"], "rack": 5}})
    assert marked(server) == ["shop"] and "hunter3" not in stored_text(server)
    assert opened_variables(server) == {"shop": ["hunter3"], "rack": 5}
    assert api.patch(path, {"description": "x"}).status_code == 200
    assert marked(server) == ["shop"]


def test_the_line_about_a_new_mark_does_not_tell_the_value(api_of, boss):
    server, api = make.server(variables={"shop": "hunter2", "app": {"x": "hunter3"}}), api_of(boss)
    api.patch(f"/api/servers/{server.pk}", {"secret_variables": ["shop"]})
    given = {"shop": MASK, "app": {"x": "-----BEGIN PRIVATE KEY-----"}, "rack": 4}
    api.patch(f"/api/servers/{server.pk}", {"variables": given})
    lines = AuditLog.objects.filter(action="server.updated").order_by("id")
    marked, entered = lines.values_list("details", flat=True)
    assert "hunter2" not in str(marked) and "hunter" not in str(entered)
    before, after = entered["changes"]["variables"]
    assert before["shop"] == MASK and after["rack"] == 4


def test_removing_a_mark_needs_a_new_value(api_of, boss):
    server = make.server(variables=variables_to_store({"shop": "hunter2"}, {}, ["shop"]))
    path, api = f"/api/servers/{server.pk}", api_of(boss)
    refused = api.patch(path, {"variables": {"shop": MASK}, "secret_variables": []})
    assert refused.status_code == 400
    assert "Enter a new value for shop" in refused.json()["fields"]["variables"][0]
    api.patch(path, {"variables": {"shop": "open"}, "secret_variables": []})
    assert marked(server) == [] and server.variables == {"shop": "open"}


def test_the_form_has_a_box_for_each_row_and_keeps_the_mark(client_of, boss):
    server, client = make.server(variables={"shop": "hunter2", "rack": 4}), client_of(boss)
    page = client.get(change(server)).content.decode()
    assert f"{MARK}>" in page
    given = [("shop", "text", "hunter2"), ("rack", "number", "4")]
    client.post(change(server), form(server, **rows(*given, marked=("shop",))))
    assert marked(server) == ["shop"] and "hunter2" not in stored_text(server)
    page = client.get(change(server)).content.decode()
    assert (
        'name="variables-mark" value="shop" autocomplete="off" checked>' in page
        and "hunter2" not in page
    )
    given[0] = ("shop", "text", MASK)
    token = server.variables["shop"]
    answer = client.post(change(server), form(server, **rows(*given, marked=("shop",))))
    assert answer.status_code == 302
    assert marked(server) == ["shop"] and server.variables["shop"] == token
    answer = client.post(change(server), form(server, **rows(*given)))
    assert "Enter a new value for shop" in answer.content.decode()


def test_without_rows_the_names_stand_beside_the_json(client_of, boss):
    server, client = make.server(variables={"shop": "hunter2"}), client_of(boss)
    sent = {"variables": '{"shop": "hunter2"}', "variables-marked": " shop, "}
    client.post(change(server), form(server, **sent))
    assert marked(server) == ["shop"] and "hunter2" not in stored_text(server)
    page = client.get(change(server)).content.decode()
    assert 'name="variables-marked" value="shop"' in page
    broken = client.post(change(server), form(server, **{**sent, "variables": "{"}))
    assert 'name="variables-marked" value="shop"' in broken.content.decode()


@pytest.mark.parametrize(
    ("given", "marks", "said"),
    [
        ({"shop": MASK}, None, "none is stored here"),
        ({"a": [{"b": MASK}]}, None, "none is stored here"),
        ({"shop": {"$encrypted": "gAAAA"}}, None, "is how secrets are stored"),
        ({"a": [{"$encrypted": "gAAAA", "as": "json"}]}, None, "is how secrets are stored"),
        ({"shop": {"$encrypted": "gAAAA", "more": 1}}, None, "is how secrets are stored"),
        ({"shop": {"__ansible_vault": 5}}, None, "must stand alone in an object, with a text"),
        ({"db_password": [{"__ansible_unsafe": "x", "y": 1}]}, None, "must stand alone"),
        ({"shop": 1}, ["shopp"], "not among the variables: shopp"),
        ({"shop": 1}, [f"m{n}" for n in range(100_000)], "and 99,980 more"),
        ({"ansible_connection": "local"}, ["ansible_connection"], "cannot be secret"),
        ({"db_password": "\ud800"}, None, "surrogate"),
        ({"db_password": float("nan")}, None, "NaN"),
    ],
)
def test_what_cannot_be_stored_is_refused(given, marks, said):
    with pytest.raises(ValidationError) as refused:
        variables_to_store(given, {}, marks)
    assert said in str(refused.value)


def test_the_same_secret_again_is_no_change(api_of, boss):
    server, api = make.server(), api_of(boss)
    path = f"/api/servers/{server.pk}"
    api.patch(path, {"variables": SECRETS | NESTED})
    server.refresh_from_db()
    lines, before = AuditLog.objects.count(), server.variables
    api.patch(path, {"variables": SECRETS | NESTED})
    server.refresh_from_db()
    assert server.variables == before and AuditLog.objects.count() == lines


def test_one_that_no_key_opens_is_named(settings):
    server = make.server(hostname="web1", variables=NESTED)
    server.refresh_from_db()
    settings.ENCRYPTION_KEYS = [generate_key()]
    with pytest.raises(Undecryptable, match="“app” of web1"):
        opened_variables(server)


def test_whoever_writes_a_text_that_ansible_does_not_read_is_refused():
    server = make.server()
    for name in ("shop", "db_password"):
        server.variables = {name: {"__ansible_vault": 5}}
        with pytest.raises(ValidationError, match="must stand alone"):
            server.full_clean()


# --- Values that no JSON column holds, and texts that are no templates ----------------------------

HUGE = 2**70
ODD = {
    "size": HUGE,
    "deep": [{"min": -HUGE}],
    "big_token": HUGE,
    "raw": {"__ansible_unsafe": "{{ a }}"},
}


@pytest.mark.parametrize("kind", ["servers", "groups"])
def test_a_large_whole_number_is_the_same_over_the_api(api_of, boss, kind):
    row, api = (make.server() if kind == "servers" else make.group()), api_of(boss)
    path = f"/api/{kind}/{row.pk}"
    assert api.patch(path, {"variables": ODD}).status_code == 200
    row.refresh_from_db()
    assert row.variables["size"] == {"$integer": str(HUGE)}
    assert opened_variables(row) == ODD
    shown = api.get(path).json()["variables"]
    assert shown == {**ODD, "big_token": MASK}
    lines = AuditLog.objects.about(row).count()
    assert api.patch(path, {"variables": shown}).status_code == 200
    row.refresh_from_db()
    assert opened_variables(row) == ODD
    assert AuditLog.objects.about(row).count() == lines


def test_they_are_the_same_in_the_form_and_on_the_page(client_of, boss):
    server, client = make.server(), client_of(boss)
    given = [
        ("size", "number", str(HUGE)),
        ("deep", "structure", json.dumps(ODD["deep"])),
        ("raw", "structure", json.dumps(ODD["raw"])),
    ]
    answer = client.post(change(server), form(server, **rows(*given)))
    assert answer.status_code == 302, answer.content.decode()
    server.refresh_from_db()
    assert opened_variables(server) == {name: ODD[name] for name in ("size", "deep", "raw")}
    for page in (change(server), server.get_absolute_url()):
        text = client.get(page).content.decode()
        assert str(HUGE) in text and "$integer" not in text
        assert "{{ a }}" in text


def test_what_only_looks_like_a_number_is_left(api_of, boss):
    server = make.server()
    odd = {"a": {"$integer": "12x"}, "b": {"$integer": 5}, "c": {"$float": "1e5"}}
    api_of(boss).patch(f"/api/servers/{server.pk}", {"variables": odd})
    server.refresh_from_db()
    assert opened_variables(server) == odd
