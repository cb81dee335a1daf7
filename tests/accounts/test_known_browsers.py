"""Which cookies make a browser a known one, whose attempts are counted by themselves."""

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from accounts.known_browsers import COOKIE, SALT
from accounts.models import FailedAttempts
from tests import make

LOG_IN = reverse("admin:login")
NEW = "a long enough passphrase"


def logged_in() -> Client:
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post(LOG_IN, {"username": "alice", "password": make.PASSWORD})
    return client


def is_known(cookie: str, name: str = "alice") -> bool:
    """Whether a wrong password counts for the browser; else it does for its address."""
    FailedAttempts.objects.all().delete()
    client = Client(REMOTE_ADDR="192.0.2.66")
    client.cookies[COOKIE] = cookie
    client.post(LOG_IN, {"username": name, "password": "wrong"})
    return FailedAttempts.objects.get().address.startswith("known browser ")


def test_it_is_bound_to_its_user_and_every_log_in_has_another(alice, bob):
    first, second = (logged_in().cookies[COOKIE].value for _ in range(2))
    assert first != second and is_known(first) and is_known(second)
    assert is_known(first, " ALICE ") and not is_known(first, "bob")


def test_it_goes_over_https_only_to_the_log_in_and_to_no_script(alice, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = logged_in().cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"]) == (True, True)
    assert (cookie["samesite"], cookie["path"]) == ("Lax", LOG_IN)


def test_it_tells_nothing_of_the_password(alice):
    value = signing.loads(logged_in().cookies[COOKIE].value, salt=SALT)
    alice.refresh_from_db()
    assert alice.password not in str(value) and alice.get_session_auth_hash() not in str(value)


@pytest.mark.parametrize("new", [NEW, make.PASSWORD])
def test_a_reset_makes_all_of_before_worthless(alice, new):
    """Also a reset to the same password."""
    cookies = [logged_in().cookies[COOKIE].value for _ in range(3)]
    alice.set_password(new)
    alice.save()
    assert not any(map(is_known, cookies))


def test_a_deactivation_does_too(alice):
    cookie = logged_in().cookies[COOKIE].value
    alice.is_active = False
    alice.save()
    assert not is_known(cookie)


def test_the_browser_in_which_one_changes_the_password_stays_known(alice):
    here, there = logged_in(), logged_in()
    new = {"old_password": make.PASSWORD, "new_password1": NEW, "new_password2": NEW}
    here.post(reverse("admin:password_change"), new)
    assert is_known(here.cookies[COOKIE].value) and not is_known(there.cookies[COOKIE].value)


@pytest.mark.parametrize(
    "value", [["alice", "1"], "alice", [], [1, "2", "3", "4"], ["x", "1", "y"], [None, 1, 2], 7]
)
def test_other_signed_values_are_none(alice, value):
    """As those of the release before."""
    assert not is_known(signing.dumps(value, salt=SALT))
