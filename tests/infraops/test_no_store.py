"""Pages and API answers are kept by no cache; static files are kept forever."""

import pytest
from django.urls import reverse

from tests import make

PAGES = ["home", "automation:job_launch", "admin:inventory_server_changelist", "command_search"]


def directives(answer) -> set[str]:
    return {each.strip() for each in answer.headers["Cache-Control"].split(",")}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_not_stored(client_of, alice, name):
    assert "no-store" in directives(client_of(alice).get(reverse(name)))


@pytest.mark.parametrize("path", ["/", "/nowhere/", "/admin/login/", "/api/servers", "/api/no"])
def test_what_a_stranger_gets_is_not_stored(client, db, path):
    answer = client.get(path)
    assert answer.status_code in (200, 302, 401, 404)
    assert "no-store" in directives(answer)


def test_answers_of_the_api_are_not_stored(api_of, alice):
    server = make.server()
    for path in ("/api/", "/api/servers", f"/api/servers/{server.pk}", "/api/jobs", "/api/schema"):
        assert "no-store" in directives(api_of(alice).get(path)), path
    assert "no-store" in directives(api_of(alice).post("/api/servers", {}))
    assert "no-store" in directives(api_of(alice).get("/api/health"))


def test_downloads_are_not_stored(client_of, alice):
    job = make.job(status="success")
    client = client_of(alice)
    export = reverse("admin:automation_job_export", args=["csv"])
    for path in (export, reverse("automation:job_log_download", args=[job.job_id])):
        answer = client.get(path)
        assert answer.status_code == 200 and "no-store" in directives(answer)


def test_static_files_are_stored(client, db):
    answer = client.get("/static/favicon.svg")
    assert answer.status_code == 200
    assert "no-store" not in directives(answer)
    answer.close()
