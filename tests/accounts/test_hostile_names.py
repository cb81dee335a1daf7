"""What is typed or sent as a name, a password or a key: never an error, never more attempts."""

from urllib.parse import quote_from_bytes

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import FailedAttempts
from accounts.models.attempts import FREE
from tests import make

LOG_IN = reverse("admin:login")
UNSEEN = "\u200b"  # to MySQL and MariaDB, "a" and "a" with it are equal


def log_in(name: str, password: str = make.PASSWORD) -> str:
    """What the page says, or "in"."""
    answer = Client().post(LOG_IN, {"username": name, "password": password})
    if answer.status_code == 302:
        return "in"
    assert answer.status_code == 200
    return " ".join(text for said in answer.context["form"].errors.values() for text in said)


HOSTILE = {
    "empty": b"",
    "spaces": b"   ",
    "255 characters": b"x" * 255,
    "NUL": b"ali\0ce",
    "a surrogate": "\ud800".encode(errors="surrogatepass"),
    "half a character": b"\xc3",
    "latin-1": b"\xe4",
    "emoji": "😀".encode(),
    "unseen": (UNSEEN * 3).encode(),
    "right to left": "\u202ealice".encode(),
    "a megabyte": b"x" * 1_000_000,
    "one that grows": "\ufdfa".encode() * 60,
    "SQL": b"' OR 1=1 --",
}


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("what", HOSTILE)
def test_a_log_in_answers(alice, field, what):
    other = {"username": "password", "password": "username"}[field]
    body = f"{field}={quote_from_bytes(HOSTILE[what])}&{other}=alice"
    answer = Client().post(LOG_IN, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and answer.context["form"].errors


@pytest.mark.parametrize("what", [what for what in HOSTILE if what != "a megabyte"])
def test_a_header_answers(api, db, what):
    sent = HOSTILE[what].decode("latin-1")  # as WSGI gives it
    for value in (f"Bearer {sent}", f"Bearer {'0' * 8}.{sent}", sent, f"{sent} {sent}"):
        answer = api.get("/api/users/me", HTTP_AUTHORIZATION=value)
        assert answer.status_code in (401, 429)


def test_a_name_longer_than_any_opens_nothing_and_counts(alice):
    """MySQL ignores invisible characters, and attempts are counted by the first 80."""
    for place in range(FREE):
        name = "alice"[:place] + UNSEEN * 80 + "alice"[place:]
        assert log_in(name) == "Wrong user name or password."
    assert FailedAttempts.objects.exists()
    assert log_in("alice") == "in"


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize(
    "spelt",
    ["álicé", "ａｌｉｃｅ", f"al{UNSEEN}ice", "alice\u0301", "ALICE", "alice\u00a0", "ⓐlice"],
)
def test_a_spelling_that_the_database_takes_for_the_name_counts_with_it(alice, spelt):
    for _ in range(FREE):
        log_in("alice", "wrong")
    said = log_in(spelt)
    assert said.startswith("Too many failed attempts.")
    assert FailedAttempts.objects.count() == 1


@pytest.mark.parametrize("spelt", ["álicé", f"al{UNSEEN}ice", "alice\u0301", "alıce", "aliçe"])
def test_a_spelling_that_opens_an_account_is_never_free(alice, spelt):
    """Whichever names a database takes for equal: those that open an account count for it."""
    opens = log_in(spelt) == "in"
    FailedAttempts.objects.all().delete()
    for _ in range(FREE):
        log_in("alice", "wrong")
    assert log_in(spelt).startswith("Too many") == opens
    assert opens <= (connection.vendor == "mysql")
