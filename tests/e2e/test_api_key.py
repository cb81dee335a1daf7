"""A new API key in a real browser: shown once, and copied with one click."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import ApiKey
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

NO_CLIPBOARD = """
    navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
    document.execCommand = () => false;
"""


def issue(page: Page, owner: str) -> str:
    """Issue a key and return what the page shows of it."""
    page.goto(reverse("admin:accounts_apikey_add"))
    page.get_by_label("Name").fill("pipeline")
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill(owner)
    page.get_by_role("option", name=owner).click()
    page.get_by_role("button", name="Save", exact=True).click()
    return page.locator("#new-key").inner_text()


def test_it_is_copied_with_one_click_and_gone_after_a_reload(page_of, context, boss):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = page_of(boss)
    token = issue(page, "boss")
    page.get_by_role("button", name="Copy the API key").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    assert ApiKey.objects.matching(token) is not None
    page.reload()
    expect(page.get_by_text("This API key was already issued.")).to_be_visible()
    expect(page.locator("#new-key")).to_have_count(0)
    assert ApiKey.objects.count() == 1


def test_without_a_clipboard_it_is_selected(page_of, boss):
    page = page_of(boss)
    page.add_init_script(NO_CLIPBOARD)
    token = issue(page, "boss")
    page.get_by_role("button", name="Copy the API key").click()
    expect(page.get_by_text("Selected: press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == token


def test_a_key_for_somebody_else_needs_ones_own_password(page_of, boss, alice):
    page = page_of(boss)
    page.goto(reverse("admin:accounts_apikey_add"))
    page.get_by_label("Name").fill("pipeline")
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("alice")
    page.get_by_role("option", name="alice").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Enter your own password.")).to_be_visible()
    page.get_by_label("Your password").fill(make.PASSWORD)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#new-key")).to_be_visible()
    assert ApiKey.objects.get().owner == alice


def test_a_key_without_an_end_is_asked_for_with_a_switch(page_of, boss):
    page = page_of(boss)
    page.goto(reverse("admin:accounts_apikey_add"))
    page.get_by_label("Name").fill("pipeline")
    for field in page.locator("[name^=expires_at_]").all():
        field.fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Enter a date, or switch on “Never expires”.")).to_be_visible()
    page.get_by_label("Never expires").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("never expires")).to_be_visible()
    assert ApiKey.objects.get().expires_at is None
