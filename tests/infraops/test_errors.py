"""What is shown and recorded when something is forbidden, missing or broken."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditLog
from infraops import views


def test_a_refused_page_is_recorded(client_of, bob):
    path = reverse("automation:job_launch")
    answer = client_of(bob).get(path)
    assert answer.status_code == 403
    assert "Not permitted" in answer.content.decode()
    line = AuditLog.objects.get(action="access.denied")
    assert (line.user, line.details["path"], line.details["method"]) == (bob, path, "GET")


def test_a_refused_page_of_the_admin_is_recorded(client_of, alice):
    path = reverse("admin:accounts_user_changelist")
    assert client_of(alice).get(path).status_code == 403
    assert AuditLog.objects.get(action="access.denied").details["path"] == path


def test_a_page_that_is_not_there(client_of, bob):
    answer = client_of(bob).get("/nowhere/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_a_stranger_on_a_page_that_is_not_there(client, db):
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()
    assert "Operations console" not in answer.content.decode()


def test_a_form_without_its_token(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse("automation:job_launch"), {})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


@pytest.mark.parametrize("path", ["/favicon.ico"])
def test_the_browser_finds_its_icon(client, db, path):
    assert client.get(path).status_code == 302


def test_a_broken_page_needs_neither_database_nor_session(rf):
    answer = views.server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
