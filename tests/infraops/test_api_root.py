"""What holds for the whole API: authentication, errors, documentation."""

import json
import re
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import get_random_string
from playwright.sync_api import expect
from rest_framework.test import APIClient

from inventory.api.servers import ServerViewSet
from tests import make
from tests.permission_table import API, Who
from tests.recording import recorded

WRITES = [
    (name, method, wanted)
    for name, page in API.items()
    for method, wanted in page.wants.items()
    if wanted > Who.VIEWER
]


def test_the_root_lists_what_there_is(api_of, bob):
    links = api_of(bob).get("/api/").json()
    assert links["servers"] == "http://testserver/api/servers"
    client = api_of(bob)
    for name, link in links.items():
        closed = ("audit-logs", "audit-seals", "users", "credentials", "vault-passwords")
        closed += ("failed-attempts",)
        expected = 403 if name in closed else 503 if name == "health" else 200
        assert client.get(link).status_code == expected, name


@pytest.mark.parametrize(
    "path",
    ["", "servers", "playbooks", "jobs", "tickets", "audit-logs", "users", "users/me", "api-keys"],
)
def test_a_browser_gets_pages(client_of, boss, path):
    make.ticket(job=make.job(status="failed"))
    response = client_of(boss).get(f"/api/{path}", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "field"), [("jobs", "playbook_id"), ("servers", "hostname"), ("users", "username")]
)
def test_a_form_offers_what_can_be_sent(client_of, boss, path, field):
    response = client_of(boss).get(f"/api/{path}", headers={"Accept": "text/html"})
    form = response.content.decode().partition('name="_content"')[2].partition("</textarea>")[0]
    assert f"&quot;{field}&quot;" in form
    assert "created_at" not in form


@pytest.mark.parametrize("kind", ["server", "playbook", "job", "ticket"])
def test_a_browser_gets_pages_of_one_row(client_of, boss, kind):
    row = getattr(make, kind)()
    identity = getattr(row, f"{kind}_id", row.pk)
    response = client_of(boss).get(f"/api/{kind}s/{identity}", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert f"{kind}s" in response.content.decode()


# --- Authentication -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "servers", "jobs", "schema", "docs", f"tickets/{uuid4()}"])
def test_a_stranger_is_told_how_to_come_in(api, db, path):
    response = api.get(f"/api/{path}")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="InfraOps"'
    if path != "docs":
        assert "Authorization: Bearer" in response.content.decode()


def test_a_stranger_with_a_browser_is_led_to_the_log_in_and_back(client, db):
    response = client.get("/api/servers", headers={"Accept": "text/html"})
    assert response.status_code == 401
    assert 'href="/admin/login/?next=/api/servers"' in response.content.decode()


def test_a_deactivated_user_is_a_stranger(api_of, charlie):
    assert api_of(charlie).get("/api/servers").status_code == 401


@pytest.mark.parametrize(("name", "method", "wanted"), WRITES)
def test_whoever_may_not_is_recorded_once(api_of, bob, name, method, wanted):
    client, path = api_of(bob), reverse(name, args=API[name].arguments(bob))
    with recorded() as lines:
        response = client.generic(method, path, "{}", content_type="application/json")
    assert (response.status_code, lines) == (403, ["access.denied by bob"])
    refusal = "Your role (viewer) does not allow this. Permission needed: "
    assert response.json()["detail"].startswith(refusal)


def test_a_session_writes_with_a_csrf_token_only(boss):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(boss)
    server = {"hostname": "web1", "ip_address": "192.0.2.1"}
    refused = client.post("/api/servers", server)
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    token = get_random_string(32)
    client.cookies["csrftoken"] = token
    assert client.post("/api/servers", server, headers={"X-CSRFToken": token}).status_code == 201


def test_a_key_writes_without_one(boss):
    client = APIClient(enforce_csrf_checks=True)
    _, token = make.api_key(boss)
    server = {"hostname": "web1", "ip_address": "192.0.2.1"}
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post("/api/servers", server, headers=headers).status_code == 201


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["nothing", "servers/", "servers/web1", "jobs/1", "v1/servers"])
def test_an_unknown_path_is_404_in_json(api_of, api, boss, path):
    for client in (api_of(boss), api):
        response = client.get(f"/api/{path}")
        assert response.status_code == 404
        assert f"There is no /api/{path}." in response.json()["detail"]
        assert client.post(f"/api/{path}", {}).status_code == 404


def numbered() -> list[tuple[str, str]]:
    return [
        (name, method)
        for name, page in API.items()
        if name.endswith(("-detail", "-accept", "-revoke", "check-check"))
        and not name.startswith(("api:job", "api:ticket"))
        for method in page.wants
    ]


@pytest.mark.parametrize(("name", "method"), numbered())
@pytest.mark.parametrize("key", [2**31 - 1, 10**30])
def test_an_unknown_number_is_404_with_its_name(api_of, boss, name, method, key):
    client = api_of(boss)
    response = client.generic(
        method, reverse(name, args=[key]), "{}", content_type="application/json"
    )
    assert response.status_code == 404
    assert str(key) in response.json()["detail"]


@pytest.mark.parametrize("name", [name for name, page in API.items() if "PUT" not in page.wants])
def test_a_wrong_method_is_405_whatever_the_role(api_of, bob, name):
    client = api_of(bob)
    response = client.put(reverse(name, args=API[name].arguments(bob)), {})
    assert response.status_code == 405
    if name not in ("api:docs", "api:schema"):
        assert response.json()["fields"] == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "JSON parse error"),
        ("", "hostname"),
        ("[]", "Expected a dictionary"),
        ('"text"', "Expected a dictionary"),
        ("null", "No data provided"),
        ('{"hostname": NaN}', "JSON parse error"),
        ("[" * 100_000, "nested too deeply"),
        ('{"description": "\\ud800"}', "a lone surrogate"),
        ('{"tags": {"\\udfff": 1}}', "a lone surrogate"),
        ('{"tags": {"size": 1e400}}', "a number that is too large"),
        (b"\xff\xfe", "JSON parse error"),
        ('{"hostname": {"a": 1}}', "Not a valid string"),
        ('{"hostname": "a", "__all__": 1}', "No such field"),
    ],
)
def test_a_body_that_is_no_use_is_400(api_of, boss, body, said):
    response = api_of(boss).generic("POST", "/api/servers", body, content_type="application/json")
    assert response.status_code == 400
    assert said in json.dumps(response.json())
    assert response.json().keys() == {"detail", "fields"}


@pytest.mark.parametrize(
    "query",
    [
        "jobs?created_after=0001-01-01T00:00:00%2B14:00",
        "jobs?created_before=9999-12-31T23:59:59-14:00",
        "audit-logs?from=0001-01-01T00:00:00%2B14:00",
        "jobs?playbook=1e400",
        f"jobs?playbook={10**30}",
        f"jobs?server={'9' * 5000}",
        "servers?search=%00",
        "servers?hostname=%ed%a0%80",
        f"servers?page={10**30}",
        "tickets?search=%F0%9F%9A%80%5C%27%22%3B--",
        "servers?tag=%5C%22",
        "servers?tag=a.b%5B0%5D%24:x",
        "servers?tag=:",
    ],
)
def test_odd_parameters_break_nothing(api_of, boss, query):
    response = api_of(boss).get(f"/api/{query}")
    assert response.status_code in (200, 400, 404)
    assert response.status_code == 200 or response.json()["detail"]


def test_only_json_is_taken(api_of, boss):
    response = api_of(boss).post("/api/servers", {"hostname": "a"}, format=None, content_type="a/b")
    assert response.status_code == 415
    form = "hostname=a&ip_address=192.0.2.1"
    kind = "application/x-www-form-urlencoded"
    assert api_of(boss).generic("POST", "/api/servers", form, kind).status_code == 415


def test_a_body_has_a_size(api_of, boss, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = api_of(boss).post("/api/servers", {"description": "x" * 2000})
    assert response.status_code == 413
    assert "request body is too large" in response.json()["detail"]


def test_an_error_of_ours_has_the_same_shape(boss, monkeypatch):
    def broken(self):
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(ServerViewSet, "get_queryset", broken)
    client = APIClient(raise_request_exception=False)
    client.force_login(boss)
    response = client.get("/api/servers")
    assert response.status_code == 500
    assert response.json().keys() == {"detail", "fields"}
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize("name", API)
def test_no_endpoint_breaks_on_a_method_that_only_asks(api_of, boss, name):
    client, path = api_of(boss), reverse(name, args=API[name].arguments(boss))
    assert client.options(path).status_code in (200, 405)
    assert client.head(path).status_code in (200, 405)


# --- Documentation --------------------------------------------------------------------------------


def test_the_schema_is_valid_and_complete():
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    schema = out.getvalue()
    for name in API:
        if name in ("api:root", "api:schema", "api:docs"):
            continue
        try:
            path = reverse(name)
        except NoReverseMatch:
            continue
        assert f"\n  {path}:\n" in schema


def test_the_schema_tells_errors_and_the_idempotency_key(api_of, bob):
    response = api_of(bob).get("/api/schema?format=json", headers={"Accept": "application/json"})
    paths = json.loads(response.content)["paths"]
    launch = paths["/api/jobs"]["post"]
    bodies = {"409", "413", "415"}
    assert {"200", "201"} | USUAL_ERRORS | bodies == launch["responses"].keys()
    for methods in paths.values():
        for operation in methods.values():
            assert operation["responses"].keys() >= USUAL_ERRORS
    assert [parameter["name"] for parameter in launch["parameters"]] == ["Idempotency-Key"]
    assert "404" in paths["/api/servers/{id}"]["get"]["responses"]
    assert {"tag", "search", "page_size"} <= {
        parameter["name"] for parameter in paths["/api/servers"]["get"]["parameters"]
    }
    assert "from" in {
        parameter["name"] for parameter in paths["/api/audit-logs"]["get"]["parameters"]
    }


USUAL_ERRORS = {"400", "401", "403", "429", "503"}
VERBS = (
    *("Accept", "Add", "Assign", "Cancel", "Check", "Close", "Delete", "Edit", "End", "Fetch"),
    *(
        "Forget",
        "Issue",
        "Launch",
        "List",
        "Sync",
        "Pin",
        "Read",
        "Relaunch",
        "Reopen",
        "Resolve",
        "Revoke",
        "Save",
    ),
    *("Show", "Start"),
)


def test_each_operation_says_in_a_line_what_it_does(api_of, bob):
    response = api_of(bob).get("/api/schema?format=json", headers={"Accept": "application/json"})
    operations = [
        operation
        for methods in json.loads(response.content)["paths"].values()
        for operation in methods.values()
    ]
    assert len(operations) > 60
    for operation in operations:
        summary = operation["summary"]
        assert summary.split()[0] in VERBS and len(summary) < 100, summary
        assert not summary.endswith(".") and summary not in operation.get("description", "")
    assert "Show a user" in {operation["summary"] for operation in operations}


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_docs_have_summaries_the_theme_and_a_way_back(page_of, boss, transactional_db, scheme):
    page = page_of(boss)
    page.emulate_media(color_scheme=scheme)
    page.goto("/api/docs")
    expect(page.get_by_text("Launch a playbook")).to_be_visible()
    brightness = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", brightness)[:3])) < 200) is (scheme == "dark")
    page.get_by_role("link", name="Back to the console").click()
    expect(page).to_have_url(re.compile(r"/$"))


@pytest.mark.slow
@pytest.mark.on_either
def test_the_browsable_api_has_the_theme_and_a_way_back(page_of, boss, transactional_db):
    page = page_of(boss)
    page.emulate_media(color_scheme="dark")
    page.goto("/api/servers")
    brightness = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", brightness)[:3])) < 200
    page.get_by_role("link", name="Back to the console").click()
    expect(page).to_have_url(re.compile(r"/$"))


@pytest.mark.slow
@pytest.mark.on_either
def test_the_docs_are_served_from_here(page_of, boss, transactional_db):
    """`complaints`, used by `page_of`, catches requests to other hosts."""
    page = page_of(boss)
    page.goto("/api/docs")
    page.get_by_text("/api/servers/{id}/check").wait_for()
    page.wait_for_load_state("networkidle")


@pytest.mark.slow
@pytest.mark.on_either
def test_the_browsable_api_is_served_from_here(page_of, boss, transactional_db):
    server = make.server(hostname="web1")
    page = page_of(boss)
    page.goto(f"/api/servers/{server.pk}")
    page.get_by_label("response info").get_by_text('"hostname": "web1"').wait_for()
    form = json.loads(page.locator("#id__content").input_value())
    assert form["hostname"] == "web1"
    assert "id" not in form
    path = page.locator(".breadcrumb li").all_inner_texts()
    assert [step.strip() for step in path] == ["InfraOps", "Server List", "Server Instance"]
    page.locator("#id__content").fill('{"description": "typed here"}')
    page.get_by_role("button", name="PATCH").click()
    page.get_by_label("response info").get_by_text('"description": "typed here"').wait_for()
    page.wait_for_load_state("networkidle")


def test_the_schema_describes_for_clients_and_gives_lists_a_type(api_of, bob):
    response = api_of(bob).get("/api/schema?format=json", headers={"Accept": "application/json"})
    schemas = json.loads(response.content)["components"]["schemas"]
    for name, schema in schemas.items():
        assert "validation to the model" not in schema.get("description", ""), name
        assert "never silently ignored" not in schema.get("description", ""), name
    assert schemas["InventorySource"]["properties"]["pass_environment"]["type"] == "array"
