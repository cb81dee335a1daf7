"""The home page in a real browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

# It polls every five seconds, and less often if responses are slow.
SOON = 20_000


def test_it_shows_what_happens_without_a_reload_and_leads_to_it(page_of, alice):
    playbook = make.playbook(name="Deploy")
    make.job(status="success", playbook=playbook, server=make.server(environment="staging"))
    page = page_of(alice)
    page.goto(reverse("home"))
    expect(page.get_by_role("heading", name="What needs me")).to_be_visible()
    assert page.locator(".io-bar a").count() == 1 and page.locator(".io-spark").count() == 1

    job = make.job(status="failed", playbook=playbook)
    make.occurrence(make.ticket(title="It broke", job=job), job)
    expect(page.get_by_role("link", name="It broke")).to_be_visible(timeout=SOON)
    expect(page.locator(".io-tile-failed")).to_have_count(2)
    for width, scheme in ((390, "dark"), (1400, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("link", name="the first").click()
    expect(page).to_have_url(f"{page.url.split('/jobs')[0]}{job.get_absolute_url()}")
