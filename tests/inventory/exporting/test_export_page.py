"""Exporting an inventory in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


def test_an_admin_exports_with_and_without_secrets(page_of, boss):
    server = make.server(hostname="web1", variables={"db_password": "s3cret-of-web1"})
    page = page_of(boss)
    page.goto(server.inventory.get_absolute_url())
    page.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    text = Path(download.value.path()).read_text()
    assert download.value.suggested_filename == "default.yml"
    assert "********" in text and "s3cret" not in text

    page.get_by_label("With secrets").check()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_text("Enter 8 characters or more.")).to_be_visible()
    expect(page.get_by_label("With secrets")).to_be_checked()
    page.get_by_label("Vault password", exact=True).fill("correct horse")
    page.get_by_label("Vault password again").fill("correct horse")
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert Path(download.value.path()).read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
