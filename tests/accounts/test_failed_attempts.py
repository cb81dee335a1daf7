"""Wrong passwords and API keys: counted before anything is hashed, with growing waits."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import forms
from accounts.known_browsers import COOKIE
from accounts.models import FailedAttempts, TooManyAttempts, attempts
from accounts.models.attempts import FREE, KEPT, MOST, QUIET, WAITS
from audit.context import acting_as
from audit.models import AuditLog
from automation.tasks import every_minute
from console.signals import minute_passed
from tests import make
from tests.at_once import at_once

LOG_IN = reverse("admin:login")
CHANGE = reverse("admin:password_change")
KINDS = FailedAttempts.Kind
STRONG = "a long enough passphrase"


def browser(address: str = "192.0.2.7") -> Client:
    return Client(REMOTE_ADDR=address)


def log_in(name: str, password: str, address: str = "192.0.2.7") -> str:
    """What the page says, or "in"."""
    answer = browser(address).post(LOG_IN, {"username": name, "password": password})
    if answer.status_code == 302:
        return "in"
    (said,) = answer.context["form"].non_field_errors()
    return said


def fail(times: int, name: str = "alice", **more: Any) -> None:
    for _ in range(times):
        assert log_in(name, "wrong", **more) == "Wrong user name or password."


def later(by: timedelta) -> None:
    """Let all rows be that much older."""
    for row in FailedAttempts.objects.all():
        row.last_at -= by
        row.started_at -= by
        if row.blocked_until:
            row.blocked_until -= by
        row.save()


def lines(action: str) -> list[dict[str, Any]]:
    found = AuditLog.objects.filter(action=action).order_by("id")
    return [line.details | {"address": line.ip_address} for line in found]


def test_after_five_failures_even_the_right_password_has_to_wait(alice):
    fail(FREE)
    assert log_in("alice", make.PASSWORD) == "Too many failed attempts. Try again in 30 seconds."
    later(timedelta(seconds=31))
    assert log_in("alice", make.PASSWORD) == "in"
    assert not FailedAttempts.objects.exists()


def test_nothing_is_hashed_while_a_name_waits(alice, monkeypatch):
    fail(FREE)
    monkeypatch.setattr(forms, "authenticate", lambda *a, **k: pytest.fail("was asked"))
    assert "Try again in 30 seconds" in log_in("alice", "wrong")


def test_the_waits_grow(alice):
    fail(FREE)
    waits = []
    for _ in range(len(WAITS) + 1):
        row = FailedAttempts.objects.get()
        waits.append(round((row.blocked_until - row.last_at).total_seconds()))
        later(timedelta(seconds=waits[-1] + 1))
        fail(1)
    assert waits == [*WAITS, WAITS[-1]]
    assert "Try again in 10 minutes." in log_in("alice", "wrong")


def test_nobody_else_waits(alice, bob):
    """Neither the owner elsewhere, nor other names behind the same proxy."""
    fail(FREE)
    assert log_in("alice", make.PASSWORD, "192.0.2.8") == "in"
    assert log_in("bob", make.PASSWORD) == "in"
    assert "Too many" in log_in("alice", make.PASSWORD)


@pytest.mark.parametrize("spelling", ["ALICE", " alice ", "Alice"])
def test_another_spelling_is_the_same_name(alice, spelling):
    fail(FREE)
    assert "Too many" in log_in(spelling, make.PASSWORD)


def test_whoever_has_an_ipv6_network_has_one_address(alice):
    fail(FREE, address="2001:db8::1")
    assert "Too many" in log_in("alice", make.PASSWORD, "2001:db8::ffff:1")
    assert log_in("alice", make.PASSWORD, "2001:db8:0:1::1") == "in"


def test_a_name_that_nobody_has_waits_in_the_same_way(alice, charlie):
    for name in ("alice", "charlie", "nobody"):
        fail(FREE, name)
    said = {log_in(name, make.PASSWORD) for name in ("alice", "charlie", "nobody")}
    assert said == {"Too many failed attempts. Try again in 30 seconds."}


@pytest.mark.parametrize("name", ["alice", "charlie", "nobody"])
def test_no_name_is_known_by_the_time_it_takes(alice, charlie, monkeypatch, name):
    """Whoever it is, one password is hashed; none while the name waits."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def count(hasher: MD5PasswordHasher, password: str, *rest: Any) -> str:
        hashed.append(password)
        return encode(hasher, password, *rest)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)
    fail(FREE, name)
    assert hashed == ["wrong"] * FREE
    log_in(name, "wrong")
    assert hashed == ["wrong"] * FREE


def test_a_success_clears_the_failures(alice):
    for _ in range(3):
        fail(FREE - 1)
        assert log_in("alice", make.PASSWORD) == "in"


def test_after_an_hour_a_name_starts_again(alice):
    fail(FREE)
    later(KEPT + timedelta(seconds=1))
    fail(FREE - 1)
    assert log_in("alice", make.PASSWORD) == "in"


def test_the_owner_gets_in_behind_the_same_proxy_in_a_browser_that_is_known(alice, bob):
    """All have one address there, and somebody makes everybody wait."""
    own = browser()
    sent = own.post(LOG_IN, {"username": "Alice", "password": make.PASSWORD})
    cookie = sent.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (LOG_IN, True, "Lax")
    own.post(reverse("admin:logout"))
    for name in ("alice", "bob"):
        fail(FREE, name)
    assert "Too many" in log_in("alice", make.PASSWORD) and "Too many" in log_in(
        "bob", make.PASSWORD
    )
    sent = {"username": "alice", "password": make.PASSWORD}
    assert own.post(LOG_IN, sent).status_code == 302


def test_a_stolen_cookie_guesses_no_faster_and_for_no_other_name(alice, bob):
    own = browser()
    own.post(LOG_IN, {"username": "alice", "password": make.PASSWORD})
    thief = browser("192.0.2.66")
    thief.cookies[COOKIE] = own.cookies[COOKIE].value
    wrong = {"username": "alice", "password": "wrong"}
    said = [thief.post(LOG_IN, wrong).context["form"].non_field_errors()[0] for _ in range(6)]
    assert said[:5] == ["Wrong user name or password."] * 5 and "Too many" in said[5]
    (line,) = lines("user.login_failed")
    assert line["source"].startswith("known browser ") and line["address"] is None
    thief.post(LOG_IN, wrong | {"username": "bob"})
    assert FailedAttempts.objects.get(name="bob").address == "192.0.2.66"


@pytest.mark.parametrize("cookie", ["", "x", "alice", "WyJhbGljZSIsIjEiXQ:1tx:forged"])
def test_a_cookie_of_ones_own_making_is_none(alice, cookie):
    client = browser()
    client.cookies[COOKIE] = cookie
    client.post(LOG_IN, {"username": "alice", "password": "wrong"})
    assert FailedAttempts.objects.get().address == "192.0.2.7"


# --- In the audit trail ---------------------------------------------------------------------------


def test_failures_in_a_row_are_one_line_once_the_name_is_blocked(alice):
    fail(FREE)
    for _ in range(3):
        log_in("alice", "wrong")
    (line,) = lines("user.login_failed")
    assert (line["username"], line["attempts"], line["refused"]) == ("alice", FREE, 0)
    assert line["address"] == "192.0.2.7"
    assert "wrong" not in str(line)


def test_a_success_tells_what_failed_before_it(alice):
    fail(3)
    assert lines("user.login_failed") == []
    log_in("alice", make.PASSWORD)
    (line,) = lines("user.login_failed")
    assert (line["attempts"], line["actor"]) == (3, "anonymous")


def test_refused_attempts_are_told_with_the_next_line(alice):
    fail(FREE)
    for _ in range(3):
        log_in("alice", make.PASSWORD)
    later(timedelta(minutes=1))
    assert log_in("alice", make.PASSWORD) == "in"
    assert [(line["attempts"], line["refused"]) for line in lines("user.login_failed")] == [
        (FREE, 0),
        (0, 3),
    ]


def test_a_row_of_failures_that_was_given_up_is_told_by_the_minute(alice):
    fail(2)
    every_minute()
    assert lines("user.login_failed") == []
    later(QUIET + timedelta(seconds=1))
    every_minute(), every_minute()
    (line,) = lines("user.login_failed")
    assert (line["attempts"], line["address"], line["actor"]) == (2, "192.0.2.7", "system")
    later(KEPT)
    every_minute()
    assert not FailedAttempts.objects.exists()


def test_many_names_from_one_address_are_one_line(db):
    for number in range(30):
        fail(1, f"name{number}")
    fail(1, "other", address="192.0.2.8")
    later(QUIET + timedelta(seconds=1))
    minute_passed.send(sender=None)
    sprayed, single = sorted(lines("user.login_failed"), key=lambda line: line["address"])
    assert (sprayed["names"], sprayed["attempts"], len(sprayed["usernames"])) == (30, 30, 20)
    assert single["username"] == "other"


# --- Other ways in --------------------------------------------------------------------------------


def test_an_own_password_is_not_guessed_in_an_open_session(client_of, bob):
    client = client_of(bob)
    new = {"new_password1": STRONG, "new_password2": STRONG}
    for _ in range(FREE):
        page = client.post(CHANGE, {"old_password": "wrong", **new})
        assert page.context["form"].errors["old_password"] == ["This is not your password."]
    page = client.post(CHANGE, {"old_password": make.PASSWORD, **new})
    assert "Try again in 30 seconds" in page.context["form"].errors["old_password"][0]
    (line,) = lines("user.password_refused")
    assert (line["username"], line["attempts"], line["actor"]) == ("bob", FREE, "bob")
    # The login counts by itself.
    assert log_in("bob", make.PASSWORD, "127.0.0.1") == "in"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_wrong_api_keys_have_to_wait_and_right_ones_never(api, alice):
    key, token = make.api_key(alice)
    wrong = bearer(f"{key.prefix}.wrong")
    said = [api.get("/api/users/me", headers=wrong).status_code for _ in range(FREE + 1)]
    assert said == [401] * FREE + [429]
    answer = api.get("/api/users/me", headers=wrong)
    assert 25 <= int(answer.headers["Retry-After"]) <= 30
    assert "unknown, revoked or expired" in answer.json()["detail"]
    assert answer.json()["fields"] == {}
    assert api.get("/api/users/me", headers=bearer(token)).status_code == 200


def test_the_first_wrong_api_key_is_a_line_and_further_ones_are_another(api, alice):
    key, _token = make.api_key(alice)
    for _ in range(3):
        api.get("/api/users/me", headers=bearer(f"{key.prefix}.wrong-secret"))
    (first,) = lines("apikey.refused")
    assert (first["object"], first["reason"]) == (str(key), "wrong token")
    later(QUIET + timedelta(seconds=1))
    minute_passed.send(sender=None)
    _first, rest = lines("apikey.refused")
    assert (rest["attempts"], rest["prefix"]) == (2, key.prefix)
    assert "secret" not in str(rest)


def test_a_flood_of_wrong_api_keys_waits_and_is_two_lines(api, db):
    """With another prefix each time, too."""
    tokens = [f"{number:08x}.my-password" for number in range(30)]
    tokens += ["no-dot-my-password", "my-pass0.word"]
    said = [api.get("/api/users/me", headers=bearer(token)).status_code for token in tokens]
    assert said == [401] * FREE + [429] * (32 - FREE)
    assert FailedAttempts.objects.get().name == ""
    later(QUIET + timedelta(seconds=1))
    minute_passed.send(sender=None)
    _first, rest = lines("apikey.refused")
    assert (rest["prefix"], rest["attempts"]) == ("unknown", FREE - 1)
    assert rest["refused"] == 32 - FREE
    assert "my-pass" not in str(lines("apikey.refused"))


def test_a_wrong_api_key_is_wrong_where_the_database_takes_no_writes(api, db, monkeypatch, caplog):
    def refuse(*_args: Any) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(attempts.FailedAttemptsQuerySet, "_count", refuse)
    assert api.get("/api/users/me", headers=bearer("a.b")).status_code == 401
    assert "A wrong API key could not be counted: attempt to write" in caplog.text


def test_a_right_key_writes_nothing(api, alice, django_assert_num_queries):
    _key, token = make.api_key(alice)
    with django_assert_num_queries(1):
        api.get("/api/users/me", headers=bearer(token))


# --- The table ------------------------------------------------------------------------------------


def test_the_table_is_bounded(db, monkeypatch):
    monkeypatch.setattr(attempts, "MOST", 3)
    assert MOST == 10_000
    make.failed_attempts("a key", kind=KINDS.API_KEY)
    for number in range(6):
        fail(1, f"name{number}")
    names = set(FailedAttempts.objects.values_list("name", flat=True))
    assert names == {"a key", "name3", "name4", "name5"}
    # What was dropped is in the trail all the same.
    assert sum(line["attempts"] for line in lines("user.login_failed")) == 3


def test_long_names_fit(db):
    FailedAttempts.objects.begin(KINDS.API_KEY, "x" * 500)
    assert len(FailedAttempts.objects.get().name) == 80


def test_attempts_at_the_same_moment_are_counted_one_by_one(transactional_db):
    """Whatever comes at once, no more than five are checked."""
    checked = []

    def guess() -> str:
        with acting_as(None, ip_address="192.0.2.7"):
            try:
                FailedAttempts.objects.trying(KINDS.LOG_IN, "alice", lambda: checked.append(1))
            except TooManyAttempts:
                return "refused"
            return "checked"

    said = at_once([guess] * 12)
    assert (said.count("checked"), len(checked)) == (FREE, FREE)
    row = FailedAttempts.objects.get()
    assert (row.count, row.is_blocked) == (FREE, True)
    assert row.refused + sum(line["refused"] for line in lines("user.login_failed")) == 12 - FREE
    assert row.untold + sum(line["attempts"] for line in lines("user.login_failed")) == FREE


# --- Pages and endpoint ---------------------------------------------------------------------------

LIST = reverse("admin:accounts_failedattempts_changelist")
API = "/api/failed-attempts"


def test_an_admin_unblocks(client_of, boss, alice):
    fail(FREE)
    row = FailedAttempts.objects.get()
    form = {"action": "unblock", "_selected_action": row.pk, "confirmed": "yes"}
    page = client_of(boss).post(LIST, form, follow=True).content.decode()
    assert "Unblocked: Login of alice from 192.0.2.7." in page
    assert log_in("alice", make.PASSWORD) == "in"
    (line,) = lines("failedattempts.cleared")
    assert (line["username"], line["actor"]) == ("alice", "boss")


def test_an_auditor_sees_them_and_unblocks_nobody(client_of, api_of, vera):
    row = make.failed_attempts(blocked_until=timezone.now() + timedelta(minutes=1))
    assert "alice" in client_of(vera).get(LIST).content.decode()
    form = {"action": "unblock", "_selected_action": row.pk, "confirmed": "yes"}
    client_of(vera).post(LIST, form)
    client: APIClient = api_of(vera)
    (shown,) = client.get(API).json()["results"]
    assert (shown["kind"], shown["name"], shown["count"]) == ("login", "alice", 1)
    assert client.post(f"{API}/{row.pk}/unblock").status_code == 403
    assert FailedAttempts.objects.exists()


def test_the_api_unblocks(api_of, boss):
    row = make.failed_attempts()
    client = api_of(boss)
    assert client.post(f"{API}/{row.pk}/unblock").status_code == 204
    assert client.post(f"{API}/{row.pk}/unblock").status_code == 404
    assert client.get(f"{API}?kind=password").json()["count"] == 0
