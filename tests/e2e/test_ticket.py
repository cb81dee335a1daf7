"""A ticket from open to closed, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


def test_a_ticket_is_worked_from_open_to_closed(page_of, alice):
    job = make.job(status="failed", server=make.server(hostname="web1.example.com"))
    ticket = make.ticket(title="Restart fails", description="Look at **web1**", job=job)
    make.occurrence(ticket, job)
    page = page_of(alice)
    page.goto(ticket.get_absolute_url())
    expect(page.locator(".io-markdown strong")).to_have_text("web1")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_title("In progress · Restart fails | InfraOps")
    expect(page.get_by_text("started work on it")).to_be_visible()

    page.get_by_label("Comment").fill("It was `nginx`.\n\n<script>window.ran = 1</script>")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".io-comment code")).to_have_text("nginx")
    expect(page.locator(".io-comment")).to_contain_text("<script>window.ran = 1</script>")
    assert page.evaluate("window.ran") is None

    page.locator(".io-comment").get_by_role("link", name="Edit").click()
    page.get_by_label("Comment").fill("It was `apache`.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".io-comment code")).to_have_text("apache")

    page.get_by_label("Note").fill("Restarted by hand")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("resolved it: “Restarted by hand”")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_title("Closed · Restart fails | InfraOps")
    page.locator(".io-occurrences [data-keys-open]").click()
    expect(page).to_have_title(f"Failed · {job} | InfraOps")
