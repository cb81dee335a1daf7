"""Sessions: rows with user, address and client; ended by time, by people, by what happens."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import LAST_SEEN, FailedAttempts, Session
from audit.models import AuditLog
from console.signals import minute_passed
from tests import make
from tests.recording import recorded

ACCOUNT = reverse("accounts:account")
LIST = reverse("admin:accounts_session_changelist")
API = "/api/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
STRONG = "a long enough passphrase"


@pytest.fixture(autouse=True)
def no_notes():
    yield
    LAST_SEEN.forget()


def logged_in(user, address: str = "192.0.2.7") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": FIREFOX})
    client.post(reverse("admin:login"), {"username": user.username, "password": make.PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("home")).status_code == 200


def key_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def test_a_session_knows_whose_it_is_and_where(alice):
    client = logged_in(alice)
    (row,) = Session.objects.open()
    assert (row.user, row.ip_address, row.client) == (alice, "192.0.2.7", "Firefox 128 on Linux")
    assert str(row) == "Firefox 128 on Linux at 192.0.2.7"
    assert is_in(client)


def test_it_ends_without_anybody_at_it(alice, settings):
    client = logged_in(alice)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=59))
    assert is_in(client)
    LAST_SEEN.forget()
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=61))
    assert not is_in(client)
    assert not Session.objects.open().exists()
    minute_passed.send(sender=None)
    assert not Session.objects.exists()


def test_it_ends_however_much_it_is_used(alice, settings):
    client = logged_in(alice)
    end = Session.objects.get().expire_date
    assert timedelta(hours=11) < end - timezone.now() <= timedelta(hours=12)
    session = client.session
    session["something"] = "changed"
    session.save()
    assert Session.objects.get().expire_date == end
    Session.objects.update(expire_date=timezone.now())
    assert not is_in(client)


def test_pages_and_forms_are_activity_and_polls_are_not(alice):
    client = logged_in(alice)
    LAST_SEEN.forget()
    live = reverse("home_live")
    client.get(live, headers={"accept": "*/*"})
    assert LAST_SEEN.noted(key_of(client)) is None
    client.get(live, headers={"accept": "*/*", "x-user-active": "yes"})
    assert LAST_SEEN.noted(key_of(client)) is not None
    LAST_SEEN.forget()
    client.get(reverse("home"), headers={"accept": "text/html"})
    assert LAST_SEEN.noted(key_of(client)) is not None


def test_reading_writes_nothing(alice, django_assert_num_queries):
    client = logged_in(alice)
    with django_assert_num_queries(2):  # session, user
        client.get("/api/users/me")
    LAST_SEEN.write()
    assert timezone.now() - Session.objects.get().last_seen_at < timedelta(minutes=1)


def test_what_this_process_knows_counts_before_it_is_written(alice):
    """While the database takes no writes, whoever works stays logged in."""
    client = logged_in(alice)
    assert is_in(client)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))
    assert is_in(client)


def test_a_log_in_never_keeps_the_key_of_before(alice):
    """A key that somebody has put into the browser is worthless afterwards."""
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.cookies["sessionid"] = "chosenbyanattacker12345678901234"
    client.post(reverse("admin:login"), {"username": "alice", "password": make.PASSWORD})
    assert key_of(client) != "chosenbyanattacker12345678901234" and is_in(client)
    assert Session.objects.get().session_key == key_of(client)


def test_who_logs_in_over_somebody_else_has_a_session_with_an_address(alice, bob):
    client = logged_in(alice)
    client.post(reverse("admin:login"), {"username": "bob", "password": make.PASSWORD})
    (row,) = Session.objects.all()
    assert (row.user, row.ip_address, row.client) == (bob, "192.0.2.7", "Firefox 128 on Linux")
    assert is_in(client) and row.session_key == key_of(client)


def test_a_session_is_not_idle_before_its_use_is_written(alice, settings):
    """It may have been used up to a minute after the time in the table."""
    settings.LAST_USE_SECONDS = 60
    row = make.session(alice)
    for age, is_open in ((timedelta(minutes=60, seconds=30), True), (timedelta(minutes=62), False)):
        Session.objects.update(last_seen_at=timezone.now() - age)
        minute_passed.send(sender=None)
        assert Session.objects.open().filter(pk=row.pk).exists() == is_open
        assert Session.objects.filter(pk=row.pk).exists() == is_open


def test_whoever_is_deactivated_while_a_request_runs_is_out_with_the_next(alice):
    client = logged_in(alice)
    alice.is_active = False
    alice.save()
    assert client.post(reverse("accounts:sessions_end_others")).status_code == 302
    assert client.get("/api/users/me").status_code == 401
    alice.is_active = True
    alice.save()
    assert not is_in(client)


def test_an_admin_who_ends_the_session_in_use_is_led_to_the_log_in(client_of, boss):
    client = client_of(boss)
    form = {"action": "end", "_selected_action": boss.sessions.get().pk, "confirmed": "yes"}
    page = client.post(LIST, form, follow=True)
    assert page.status_code == 200 and page.resolver_match.view_name == "admin:login"


def test_logging_out_ends_it(alice):
    client = logged_in(alice)
    client.post(reverse("admin:logout"))
    assert not Session.objects.exists()


# --- One's own account ----------------------------------------------------------------------------


def test_everybody_sees_and_ends_their_own(alice, bob):
    here, there, others = logged_in(alice), logged_in(alice, "192.0.2.8"), logged_in(bob)
    page = here.get(ACCOUNT)
    assert "This session" in page.content.decode() and "192.0.2.8" in page.content.decode()
    assert key_of(there) not in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    row = Session.objects.get(ip_address="192.0.2.8")
    with recorded() as lines:
        answer = here.post(reverse("accounts:session_end", args=[row.pk]), follow=True)
    assert "Ended the session of Firefox 128 on Linux at 192.0.2.8." in answer.content.decode()
    assert lines == ["session.ended by alice"]
    assert is_in(here) and is_in(others) and not is_in(there)
    of_bob = Session.objects.get(user=bob)
    assert here.post(reverse("accounts:session_end", args=[of_bob.pk])).status_code == 404
    assert is_in(others)


def test_all_others_end_at_once(alice):
    here, there, elsewhere = (logged_in(alice, f"192.0.2.{number}") for number in (7, 8, 9))
    with recorded() as lines:
        page = here.post(reverse("accounts:sessions_end_others"), follow=True)
    assert "Ended 2 other sessions." in page.content.decode()
    assert lines == ["user.sessions_ended by alice"]
    assert is_in(here) and not is_in(there) and not is_in(elsewhere)


# --- Admins ---------------------------------------------------------------------------------------


def test_an_admin_sees_and_ends_those_of_others(client_of, boss, alice):
    client = logged_in(alice)
    admin = client_of(boss)
    user_page = admin.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert "Firefox 128 on Linux at 192.0.2.7" in user_page
    row = Session.objects.get(user=alice)
    assert "alice" in admin.get(LIST).content.decode()
    path = reverse("admin:accounts_session_change", args=[row.pk])
    assert key_of(client) not in admin.get(path).content.decode()
    form = {"action": "end", "_selected_action": row.pk, "confirmed": "yes"}
    with recorded() as lines:
        admin.post(LIST, form)
    assert lines == ["session.ended by boss"]
    assert not is_in(client) and is_in(admin)


def test_an_admin_ends_all_sessions_of_a_user_on_their_page(client_of, boss, vera, alice, bob):
    clients, other, admin = [logged_in(alice) for _ in range(2)], logged_in(bob), client_of(boss)
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    path = reverse("accounts:user_sessions_end", args=[alice.pk])
    assert path in admin.get(page).content.decode()
    assert path not in client_of(vera).get(page).content.decode()
    with recorded() as lines:
        said = admin.post(path, follow=True).content.decode()
    assert "Ended 2 sessions of alice." in said and "Not logged in" in said
    assert lines == ["user.sessions_ended by boss"]
    assert not any(map(is_in, clients)) and is_in(other) and is_in(admin)
    assert client_of(vera).post(path).status_code == 403 and admin.get(path).status_code == 405
    own = reverse("accounts:user_sessions_end", args=[boss.pk])
    elsewhere = logged_in(boss)
    assert "Ended 1 session of boss." in admin.post(own, follow=True).content.decode()
    assert is_in(admin) and not is_in(elsewhere)


def test_the_api_ends_all_sessions_of_a_user(api_of, boss, alice, bob):
    make.session(alice), make.session(alice), make.session(bob)
    path = f"/api/users/{alice.pk}/end-sessions"
    assert api_of(boss).post(path).json() == {"ended": 2}
    assert not alice.sessions.exists() and bob.sessions.exists()
    assert api_of(bob).post(path).status_code == 403
    admin = api_of(boss)
    assert admin.post(f"/api/users/{boss.pk}/end-sessions").json()["ended"] >= 1
    assert admin.get("/api/users/me").status_code == 200


def test_the_list_says_which_session_is_ones_own(client_of, boss):
    make.session(boss), make.session(boss)
    assert client_of(boss).get(LIST).content.decode().count("(this session)") == 1


def test_nobody_else_sees_or_ends_those_of_others(client_of, alice, bob):
    client = logged_in(alice)
    row = Session.objects.get()
    viewer = client_of(bob)
    assert "alice" not in viewer.get(LIST).content.decode()
    form = {"action": "end", "_selected_action": row.pk, "confirmed": "yes"}
    viewer.post(LIST, form)
    assert is_in(client)


def test_the_api_does_the_same(api_of, alice, bob, boss):
    mine, other = make.session(alice), make.session(bob)
    client = api_of(alice)
    shown = client.get(API).json()["results"]
    assert {row["user"] for row in shown} == {"alice"}
    assert [row["is_current"] for row in shown].count(True) == 1
    assert "session_key" not in shown[0] and mine.session_key not in str(shown)
    assert client.post(f"{API}/{other.pk}/end").status_code == 404
    assert client.post(f"{API}/{mine.pk}/end").status_code == 204
    make.session(alice)
    assert client.post(f"{API}/end-others").json() == {"ended": 1}
    admin = api_of(boss)
    assert admin.get(f"{API}?user=Bob").json()["count"] == 1
    with recorded() as lines:
        assert admin.post(f"{API}/{other.pk}/end").status_code == 204
    assert lines == ["session.ended by boss"]


def test_the_list_asks_a_fixed_number_of_times(api_of, boss, query_ceiling):
    for _ in range(10):
        make.session()
    client = api_of(boss)
    with query_ceiling(4):
        assert len(client.get(API).json()["results"]) == 11


# --- What ends sessions and keys ------------------------------------------------------------------


def test_a_deactivation_ends_sessions_and_keys_for_good(client_of, boss, alice):
    client = logged_in(alice)
    key, _token = make.api_key(alice)
    edited = {"username": "alice", "email": alice.email, "role": "operator"}
    admin = client_of(boss)
    with recorded() as lines:
        admin.post(reverse("admin:accounts_user_change", args=[alice.pk]), edited)
    assert lines == [
        "user.updated by boss",
        "user.sessions_ended by boss",
        "apikey.revoked by boss",
    ]
    assert not Session.objects.filter(user=alice).exists()
    alice.refresh_from_db()
    alice.is_active = True
    alice.save()
    key.refresh_from_db()
    assert not is_in(client) and not key.is_usable


def test_a_reset_by_an_admin_ends_sessions_and_keys(client_of, boss, alice):
    client = logged_in(alice)
    key, _token = make.api_key(alice)
    admin = client_of(boss)
    path = reverse("admin:auth_user_password_change", args=[alice.pk])
    admin.post(path, {"password1": STRONG, "password2": STRONG})
    key.refresh_from_db()
    assert not is_in(client) and not key.is_usable and is_in(admin)
    line = AuditLog.objects.about(key).first()
    assert (line.actor_name, line.details["reason"]) == ("boss", "The password was changed.")


def test_ones_own_new_password_ends_the_other_sessions_and_no_key(alice):
    here, there = logged_in(alice), logged_in(alice, "192.0.2.8")
    key, _token = make.api_key(alice)
    new = {"old_password": make.PASSWORD, "new_password1": STRONG, "new_password2": STRONG}
    page = here.post(reverse("admin:password_change"), new, follow=True)
    assert "Your other sessions have ended. Your API keys still work." in page.content.decode()
    key.refresh_from_db()
    assert is_in(here) and not is_in(there) and key.is_usable
    assert Session.objects.count() == 1


def test_a_log_in_that_upgrades_the_hash_ends_nothing(alice, settings):
    client = logged_in(alice)
    key, _token = make.api_key(alice)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    assert alice.check_password(make.PASSWORD)
    alice.refresh_from_db()
    assert alice.password.startswith("pbkdf2")
    key.refresh_from_db()
    assert key.is_usable and Session.objects.get().session_key == key_of(client)
    assert not FailedAttempts.objects.exists()
