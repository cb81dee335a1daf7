"""From an upload over what it would change to the sync, in a real browser with a real worker."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from inventory.models import InventorySource, Server
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

HOSTS = "[web]\nweb1 ansible_host=192.0.2.1 port=80\nweb2 db_password=hunter2\n"
# A worker reads with Ansible, on a machine that others use too.
SOON = 60_000


def uploaded(page: Page, text: str) -> None:
    page.goto(reverse("admin:inventory_inventorysource_add"))
    page.get_by_label("Name").fill("Estate")
    page.locator("#id_kind").select_option("upload")
    page.locator("#id_file").set_input_files(
        {"name": "hosts.ini", "mimeType": "text/plain", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Save", exact=True).click()


def test_an_upload_is_checked_shown_and_synced_once(page_of, boss, qcluster) -> None:
    page = page_of(boss)
    uploaded(page, HOSTS)
    plan = page.locator("#source")
    expect(plan.get_by_role("heading", name="What a sync would change")).to_be_visible(timeout=SOON)
    expect(plan).to_contain_text("2 servers added")
    expect(plan).to_contain_text("1 group added")
    expect(plan.get_by_role("row", name="port")).to_contain_text("80")
    expect(plan.get_by_role("row", name="db_password")).to_contain_text("********")
    expect(plan).not_to_contain_text("hunter2")
    assert not Server.objects.exists()

    page.get_by_role("button", name="Sync now").dblclick()
    expect(plan.get_by_role("heading", name="What the last sync changed")).to_be_visible(
        timeout=SOON
    )
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)
    assert set(Server.objects.values_list("hostname", flat=True)) == {"web1", "web2"}
    source = InventorySource.objects.get()
    assert (source.state, source.progress) == ("synced", "idle")


def test_back_brings_no_plan_that_was_carried_out(page_of, boss, qcluster) -> None:
    page = page_of(boss)
    uploaded(page, HOSTS)
    button = page.get_by_role("button", name="Sync now")
    expect(button).to_be_visible(timeout=SOON)
    button.click()
    expect(page.get_by_role("heading", name="What the last sync changed")).to_be_visible(
        timeout=SOON
    )
    page.goto(reverse("home"))
    page.go_back()
    expect(page.get_by_role("heading", name="What the last sync changed")).to_be_visible()
    expect(button).to_have_count(0)


def test_what_cannot_be_read_names_the_line(page_of, boss, qcluster) -> None:
    page = page_of(boss)
    uploaded(page, "[web]\nweb1\nweb2 oops\n")
    expect(page.locator("#source")).to_contain_text("It could not be synced", timeout=SOON)
    expect(page.locator("#source")).to_contain_text("The upload:3")
    page.get_by_role("link", name="Replace upload").click()
    page.locator("#id_text").fill(HOSTS)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#source")).to_contain_text("2 servers added", timeout=SOON)


def test_a_plan_fits_on_a_phone(page_of, boss) -> None:
    source = make.source(name="a-source-with-a-rather-long-name-of-its-own-that-goes-on-and-on")
    value = {"name": "v" * 60, "file": "", "change": "changed", "before": "x" * 200, "after": "y"}
    row = {"kind": "server", "name": "web" * 30, "change": "changed", "values": [value]}
    source.plan = {"digest": "0" * 64, "dry_run": True, "counts": {"changed": 1}, "rows": [row]}
    source.save()
    page = page_of(boss)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(source.get_absolute_url())
    expect(page.get_by_role("button", name="Sync now")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
