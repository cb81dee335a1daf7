"""Numbers out of range are 400 on every database, in every parameter and every field of a body."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from tests import make
from tests.permission_table import API

PATHS: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
HUGE = ["-1", str(2**63), "1" + "0" * 30, "9" * 5_000, "1e400", "1.5", "\u0663", "NaN"]
YEARS = ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"]


def parameters_of(path: str, kind: str) -> list[str]:
    """Names of the GET parameters at this path whose values have this type or format."""
    for template, methods in PATHS.items():
        if "get" in methods and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            found = [each for each in methods["get"].get("parameters", []) if each["in"] == "query"]
            return [each["name"] for each in found if kind in kinds_of(each["schema"])]
    return []


def kinds_of(schema: dict[str, Any]) -> set[str | None]:
    inner = schema.get("items", {})
    return {each.get(key) for each in (schema, inner) for key in ("type", "format")}


def refused(client: Any, path: str, name: str, value: str) -> None:
    response = client.get(f"{path}?{name}={quote(value)}")
    assert response.status_code == 400, (path, name, value[:40])
    assert list(response.json()["fields"]) == [name], (path, name, value[:40])


@pytest.mark.parametrize("name", [name for name, page in API.items() if "GET" in page.wants])
def test_of_a_parameter(api_of, boss, name):
    path, client = reverse(name, args=API[name].arguments(boss)), api_of(boss)
    for parameter in parameters_of(path, "integer"):
        for value in HUGE:
            refused(client, path, parameter, value)
    for parameter in parameters_of(path, "date-time"):
        for value in YEARS:
            refused(client, path, parameter, value)


def test_there_are_some():
    assert {"page", "page_size"} <= set(parameters_of("/api/servers", "integer"))
    assert {"server", "run", "playbook"} <= set(parameters_of("/api/jobs", "integer"))
    assert {"from", "to"} == set(parameters_of("/api/audit-logs", "date-time"))


@pytest.mark.parametrize("value", [-1, 0, 2**31, 2**63, 2**64, 10**30, 10**400])
@pytest.mark.parametrize(
    "field",
    [
        *("playbook_id", "server_id", "credential_id", "verbosity", "forks"),
        *("deadline_seconds", "idle_deadline_seconds"),
    ],
)
def test_of_a_launch(api_of, alice, field, value):
    if (field, value) == ("verbosity", 0):
        return
    body = {"playbook_id": make.playbook().pk, "server_id": make.server().pk, "dry_run": True}
    response = api_of(alice).post("/api/jobs", body | {field: value})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]


@pytest.mark.parametrize("value", [-1, 0, 65_536, 2**31, 2**63, 10**30])
def test_of_a_server(api_of, boss, value):
    server = make.server()
    for body in ({"ssh_port": value}, {"credential_id": value}):
        response = api_of(boss).patch(f"/api/servers/{server.pk}", body)
        assert response.status_code == 400
        assert response.json()["fields"].keys() == body.keys()


BEYOND = pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**400])


@BEYOND
def test_within_tags(api_of, boss, value):
    server = make.server()
    response = api_of(boss).patch(f"/api/servers/{server.pk}", {"tags": {"a": [value]}})
    assert response.status_code == 400
    assert response.json()["fields"].keys() == {"tags"}


@BEYOND
def test_variables_keep_them(api_of, boss, value):
    """As Ansible's do."""
    server = make.server()
    path = f"/api/servers/{server.pk}"
    assert api_of(boss).patch(path, {"variables": {"a": [value]}}).status_code == 200
    assert api_of(boss).get(path).json()["variables"] == {"a": [value]}


@pytest.mark.parametrize("year", YEARS)
def test_of_a_year(api_of, boss, year):
    response = api_of(boss).post("/api/api-keys", {"name": "a", "expires_at": year})
    assert response.status_code == 400
    assert "expires_at" in response.json()["fields"]


@pytest.mark.parametrize("value", HUGE)
def test_of_a_page_of_the_console(client_of, boss, value):
    """A list drops what it cannot use, and says so."""
    client = client_of(boss)
    make.job()
    for query in (f"p={quote(value)}", f"server__id__exact={quote(value)}"):
        answer = client.get(f"{reverse('admin:automation_job_changelist')}?{query}")
        assert answer.status_code in (200, 302)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_of_a_day_in_a_list(client_of, boss, settings, day):
    settings.TIME_ZONE = "America/Los_Angeles" if day.startswith("9") else "Asia/Tokyo"
    path = reverse("admin:automation_job_changelist")
    answer = client_of(boss).get(path, {"created_at_from_0": day})
    assert answer.status_code == 302 and answer.url == path
