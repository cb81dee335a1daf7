"""The home page in a real browser."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone
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
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
    assert page.locator(".io-bar a").count() == 1 and page.locator(".io-spark").count() == 1

    job = make.job(status="failed", playbook=playbook)
    make.occurrence(make.ticket(title="It broke", job=job), job)
    expect(page.get_by_role("link", name="It broke")).to_be_visible(timeout=SOON)
    expect(page.locator(".io-tile-failed")).to_have_count(2)
    for width, scheme in ((390, "dark"), (1400, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("link", name="first", exact=True).click()
    expect(page).to_have_url(f"{page.url.split('/jobs')[0]}{job.get_absolute_url()}")


def test_no_column_has_a_hole_and_a_late_run_is_told_by_its_bar(page_of, alice):
    playbook, now = make.playbook(name="Deploy"), timezone.now()
    first = make.job(status="success", playbook=playbook).run
    first.started_at, first.finished_at = now, now + timedelta(seconds=10)
    first.save()
    late = make.run(playbook=playbook, state="running", started_at=now - timedelta(hours=1))
    make.job(run=late, status="running")
    for _ in range(8):
        make.occurrence(make.ticket(job=make.job(status="failed")))
    page = page_of(alice)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(reverse("home"))
    bar = page.get_by_role("region", name="Running now").get_by_role("progressbar")
    expect(bar).to_have_class("io-overdue")
    expect(page.get_by_text("longer than usual")).to_be_visible()

    columns = page.locator(".io-columns > .io-column")
    expect(columns).to_have_count(2)
    places = [
        [card.bounding_box() for card in column.locator(".io-card").all()]
        for column in columns.all()
    ]
    ends = {round(cards[-1]["y"] + cards[-1]["height"]) for cards in places}
    assert max(ends) - min(ends) <= 1
    for cards in places:
        for above, below in pairwise(cards):
            assert below["y"] - above["y"] - above["height"] <= 20
