"""A server's page in a real browser."""

import pytest
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


def test_from_the_strip_to_the_failure_and_a_host_key_forgotten(page_of, boss):
    server = make.server(
        hostname="web1.example.com", host_key="ssh-ed25519 QUJD", tags={"role": "web"}
    )
    make.group("webservers", server)
    make.server_facts(server, ansible_kernel="6.1.0-28-amd64")
    for status in ("success", "failed", "success"):
        job = make.job(server=server, status=status, user=boss)
        make.log_lines(job, "hello")
    path = server.get_absolute_url()
    page = page_of(boss)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path)
    expect(page.get_by_text("6.1.0-28-amd64", exact=True)).to_be_visible()
    expect(page.get_by_text("webservers", exact=True)).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    # With the keyboard: every cell is a link.
    failed = page.locator(".io-strip a.io-failed")
    failed.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Restart the service").first).to_be_visible()

    page.goto(path)
    page.get_by_text("Server reinstalled?").click()
    page.get_by_role("button", name="Forget host key").click()
    expect(page.get_by_text("Host key forgotten")).to_be_visible()
    expect(
        page.get_by_text("The next run accepts the key it is shown and pins it.")
    ).to_be_visible()
