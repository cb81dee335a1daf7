"""Logging in, one's own password and sessions, in a real browser."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from accounts.models import LAST_SEEN, Session, User
from accounts.models.attempts import FREE
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

OWN = "a passphrase of my own"
ACCOUNT = reverse("accounts:account")
HOME = reverse("home")


@pytest.fixture(autouse=True)
def no_notes():
    yield
    LAST_SEEN.forget()


@pytest.fixture
def tab(context, complaints, live_server) -> Page:
    """A tab in which nobody is logged in."""
    return context.new_page()


def log_in(page: Page, name: str, password: str = make.PASSWORD) -> None:
    page.goto(reverse("admin:login"))
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_the_log_in_says_how_long_to_wait(tab):
    make.user(username="alice")
    for _ in range(FREE):
        log_in(tab, "alice", "wrong")
        expect(tab.get_by_role("alert")).to_have_text("Wrong user name or password.")
    log_in(tab, "alice")
    expect(tab.get_by_role("alert")).to_have_text(
        re.compile(r"Too many failed attempts\. Try again in \d0 seconds\.")
    )


def test_the_first_log_in_asks_for_a_password_of_ones_own(tab):
    make.user(username="dora", must_change_password=True)
    log_in(tab, "dora")
    expect(tab.get_by_role("alert")).to_contain_text("An admin has set your password.")
    tab.goto(HOME)
    expect(tab).to_have_url(re.compile(reverse("admin:password_change") + "$"))
    tab.get_by_label("Current password").fill(make.PASSWORD)
    tab.get_by_label("New password").fill(OWN)
    tab.get_by_label("Repeat password").fill(OWN)
    tab.get_by_role("button", name="Change password").click()
    expect(tab.get_by_text("Password changed.")).to_be_visible()
    tab.goto(HOME)
    expect(tab).to_have_url(re.compile(r"/$"))
    assert User.objects.get().check_password(OWN)


def test_another_session_is_ended_with_a_button(page_of, alice, client_of):
    elsewhere: Client = client_of(alice)
    Session.objects.update(ip_address="192.0.2.8")
    page = page_of(alice)
    page.goto(ACCOUNT)
    rows = page.get_by_role("list", name="Your sessions").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="This session")).to_have_count(1)
    rows.filter(has_text="192.0.2.8").get_by_role("button").click()
    expect(page.get_by_text("Ended the session of")).to_be_visible()
    expect(rows).to_have_count(1)
    assert elsewhere.get(HOME).status_code == 302


def test_the_account_is_in_the_users_menu(page_of, alice):
    page = page_of(alice)
    page.goto(HOME)
    page.get_by_text(alice.email).click()
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def test_an_open_page_alone_does_not_keep_a_session(page_of, alice):
    """Its polls say whether somebody has used the page since."""
    page = page_of(alice)
    page.goto(HOME)
    live = re.compile(re.escape(reverse("home_live")))

    def is_by_person(request: Request) -> bool:
        return "x-user-active" in request.all_headers()

    with page.expect_request(live) as first:
        pass
    assert not is_by_person(first.value)
    page.keyboard.press("Shift")
    with page.expect_request(live) as second:
        pass
    assert is_by_person(second.value)
    with page.expect_request(live) as third:
        pass
    assert not is_by_person(third.value)


def test_an_idle_session_ends_on_an_open_page(page_of, alice):
    page = page_of(alice)
    page.goto(HOME)
    LAST_SEEN.forget()
    Session.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))
    expect(page.get_by_text("Your session has ended.")).to_be_visible(timeout=20_000)


def test_an_admin_ends_all_sessions_of_a_user(page_of, boss, alice, client_of):
    elsewhere: Client = client_of(alice)
    page = page_of(boss)
    page.goto(reverse("admin:accounts_user_change", args=[alice.pk]))
    page.get_by_role("button", name="End all sessions").click()
    expect(page.get_by_text("Ended 1 session of alice.")).to_be_visible()
    expect(page.get_by_role("region", name="Sessions")).to_contain_text("Not logged in")
    assert elsewhere.get(HOME).status_code == 302
