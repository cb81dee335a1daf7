"""A key that does not work is recorded, without its token."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.models.attempts import FREE
from audit.models import AuditLog
from tests import make

pytestmark = pytest.mark.django_db


def refused(api, token: str, **extra: str) -> list[AuditLog]:
    """The lines after a request with this token."""
    answer = api.get("/api/users/me", headers={"Authorization": f"Bearer {token}"}, **extra)
    assert answer.status_code == 401
    return list(AuditLog.objects.filter(action="apikey.refused").order_by("id"))


def test_an_unknown_key_is_a_line_without_the_token(api):
    (line,) = refused(api, "deadbeef.a-secret-that-leaks", REMOTE_ADDR="192.0.2.9")
    assert (line.user_id, line.actor_name, line.ip_address) == (None, "anonymous", "192.0.2.9")
    assert (line.resource_id, line.details["reason"]) == (None, "unknown key")
    assert "deadbeef" not in json.dumps(line.details)
    assert "leaks" not in json.dumps(line.details)


def test_a_wrong_token_of_a_key_names_the_key_by_its_prefix(api, alice):
    key, token = make.api_key(alice)
    (line,) = refused(api, f"{key.prefix}.{'x' * 43}")
    assert (line.resource_type, line.resource_id) == ("apikey", str(key.pk))
    assert line.object_name == str(key) and line.details["reason"] == "wrong token"
    assert token.partition(".")[2] not in json.dumps(line.details)


def test_a_key_that_has_ended_says_why(api, boss, alice):
    revoked, revoked_token = make.api_key(alice)
    revoked.revoke(boss)
    expired, expired_token = make.api_key(alice)
    ended = timezone.now() - timedelta(days=1)
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=ended)
    bob = make.user(username="bob", role="viewer")
    _, inactive_token = make.api_key(bob)
    # As in a database of an earlier release: a deactivation now revokes the keys, too.
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for token in (revoked_token, expired_token, inactive_token):
        lines = refused(api, token)
    assert [line.details["reason"] for line in lines] == ["revoked", "expired", "owner inactive"]


def test_a_row_of_failures_is_one_line_a_minute(api, alice):
    key, _ = make.api_key(alice)
    for _ in range(5):
        refused(api, "nonsense")
        lines = refused(api, f"{key.prefix}.nonsense")
    assert len(lines) == 2
    assert len(refused(api, "nonsense", REMOTE_ADDR="192.0.2.9")) == 3


@pytest.mark.parametrize("token", ["", "ü" * 8, "\x00" * 8, "x" * 5_000, "12345678.", "%_%_%_%_."])
def test_whatever_is_sent_is_refused_and_recorded(api, token):
    assert len(refused(api, token)) == 1


def test_a_key_that_works_writes_no_such_line(api, alice):
    _, token = make.api_key(alice)
    assert api.get("/api/users/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert not AuditLog.objects.filter(action="apikey.refused").exists()


def test_a_key_that_has_ended_does_not_wait_for_what_strangers_send(api, alice):
    """The trail says which program still uses it."""
    key, token = make.api_key(alice)
    wrong = {"Authorization": "Bearer 00000000.wrong"}
    said = [api.get("/api/users/me", headers=wrong).status_code for _ in range(FREE + 1)]
    assert said[-1] == 429
    key.end()
    assert [line.details["reason"] for line in refused(api, token)] == ["unknown key", "revoked"]


# --- CSRF -----------------------------------------------------------------------------------------


def csrf_lines() -> list[AuditLog]:
    return list(AuditLog.objects.filter(action="access.csrf_failed").order_by("id"))


def test_a_form_without_its_token_is_a_line(boss):
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    for _ in range(3):
        assert client.post("/admin/logout/").status_code == 403
    (line,) = csrf_lines()
    assert (line.user, line.details["path"], line.details["method"]) == (
        boss,
        "/admin/logout/",
        "POST",
    )
    assert "CSRF cookie not set" in line.details["reason"]


def test_a_request_to_the_api_without_its_token_is_a_line(boss):
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    answer = client.post("/api/servers", {}, content_type="application/json")
    assert answer.status_code == 403
    (line,) = csrf_lines()
    # Nobody has proven to be boss.
    assert (line.actor_name, line.details["path"]) == ("anonymous", "/api/servers")
    assert not AuditLog.objects.filter(action="access.denied").exists()


def test_a_log_in_without_its_token_is_a_line(db):
    Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x", "password": "secret"})
    (line,) = csrf_lines()
    assert line.actor_name == "anonymous"
    assert "secret" not in json.dumps(line.details)
