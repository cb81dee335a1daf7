"""A playbook's page and a filled-in launch form in a real browser, for all roles."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from automation.models import Worker
from tests import make
from tests.automation.views.test_views_playbook import PLAY, VARIABLES, ran
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def playbook():
    """A playbook with everything that its page can show."""
    Worker.objects.beat()
    row = make.playbook(PLAY, name="Deploy", variables=VARIABLES)
    web1 = make.server(hostname="web1", environment="production")
    for ago, status in enumerate(("success", "failed", "cancelled", "success")):
        ran(row, status, ago=5 * ago, servers=[web1])
    make.job(run=make.run(playbook=row))
    return row


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_can_be_used_by_everybody(page_of, alice, playbook, scheme):
    page = page_of(alice)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{playbook.get_absolute_url()}#S3")
    page.wait_for_function("window.Alpine")
    expect(page.locator("#S3")).to_be_in_viewport()
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    # With the keyboard shortcut to the form; production is chosen and something is wrong.
    page.keyboard.press("r")
    page.wait_for_url(f"**{reverse('automation:job_launch')}?playbook={playbook.pk}")
    page.get_by_label("Environment").select_option("production")
    page.get_by_text("Options, credential and reason").click()
    page.fill("[name=forks]", "0")
    expect(page.locator(".io-live-error")).to_be_visible()
    assert violations(page) == []
    page.fill("[name=forks]", "2")
    page.fill("[name=var_version]", "1")
    expect(page.locator(".io-plan-words")).to_contain_text("in production")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_line_of_the_source_has_an_address(page_of, bob, playbook):
    page = page_of(bob)
    page.goto(playbook.get_absolute_url())
    page.get_by_role("link", name="Line 7", exact=True).click()
    assert page.url.endswith("#S7")
    # Line numbers are not copied.
    source = page.get_by_label("Source").evaluate(
        "source => { getSelection().selectAllChildren(source); return getSelection().toString(); }"
    )
    assert source.split("\n")[1] == "- import_playbook: base.yml"
