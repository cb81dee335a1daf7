"""Lists in a real browser: from a click on a cell to a saved view, a file, and an action."""

import csv

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import SavedView
from automation.models import Job
from tests import make
from tests.fixtures.browser import themes

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

JOBS = reverse("admin:automation_job_changelist")
SERVERS = reverse("admin:inventory_server_changelist")


def test_from_a_cell_to_a_view_a_file_and_an_action(page_of, alice):
    """An operator cancels the waiting jobs of production, today and tomorrow."""
    production = make.server(hostname="web1.example.com", environment="production")
    staging = make.server(hostname="web2.example.com", environment="staging")
    deploy = make.playbook(name="Deploy")
    waiting = [make.job(playbook=deploy, server=production) for _ in range(2)]
    others = [
        make.job(playbook=deploy, server=staging),
        make.job(server=production, status="failed"),
    ]
    page = page_of(alice)
    page.goto(f"{JOBS}?q=web")
    rows = page.locator("#result_list tr.data-row")
    expect(rows).to_have_count(4)

    # Each click adds to the active filters.
    rows.filter(has_text="staging").get_by_role("link", name="Pending").click()
    expect(rows).to_have_count(3)
    rows.filter(has_text="production").first.get_by_role("link", name="production").click()
    expect(rows).to_have_count(2)
    chips = page.get_by_role("list", name="Filters")
    for words in ("search “web”", "status Pending", "environment production"):
        expect(chips.get_by_text(words, exact=True).first).to_be_visible()
    chips.get_by_role("link", name="Remove search “web”").click()
    expect(page.get_by_text("search “web”")).to_have_count(0)
    expect(rows).to_have_count(2)

    # Saved under a name, it is there tomorrow.
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of the view").fill("Waiting in production")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("Saved the view")).to_be_visible()
    assert SavedView.objects.get().query == "server__environment=production&status__exact=pending"
    page.goto(JOBS)
    expect(rows).to_have_count(4)
    views = page.get_by_role("navigation", name="Saved views")
    views.get_by_role("link", name="Waiting in production").click()
    expect(rows).to_have_count(2)
    page.reload()
    expect(views.locator("[aria-current]")).to_have_text("Waiting in production")

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    exported = list(csv.DictReader(text.splitlines()))
    assert {row["job_id"] for row in exported} == {str(job.job_id) for job in waiting}

    page.get_by_label("Select all objects on this page for an action").check()
    page.locator("select[name=action]").select_option(label="Cancel")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Cancel 2 runs on", level=2)).to_be_visible()
    page.get_by_role("button", name="Cancel 2 runs on").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    assert set(Job.objects.filter(status="cancelled")) == set(waiting)
    assert not Job.objects.filter(pk__in=[job.pk for job in others], status="cancelled").exists()
    page.get_by_role("link", name="Show all jobs").click()
    expect(rows).to_have_count(4)


def test_a_list_with_all_its_tools_fits_a_phone(page_of, boss):
    server = make.server(environment="production", tags={"role": ["web", "db"], "site": "x" * 40})
    make.job(server=server, status="failed")
    for list_name in ("inventory_server", "automation_job"):
        make.saved_view(boss, list_name=list_name, name="A rather long name " * 4, query="q=web")
    page = page_of(boss)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (f"{SERVERS}?q=web&environment=production", f"{JOBS}?q=web&status__exact=failed"):
        page.goto(path)
        page.locator("summary", has_text="Views").click()
        expect(page.get_by_role("button", name="Rename")).to_be_visible()
        for theme in themes(page):
            is_too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not is_too_wide, (path, theme)


@pytest.mark.parametrize(("width", "row_height", "host_height"), [(1280, 80, 50), (1400, 60, 30)])
def test_a_job_takes_few_lines_and_the_window(page_of, alice, width, row_height, host_height):
    """Dates are not wrapped, save for the time below; nor are host names where there is room."""
    job = make.job(
        playbook=make.playbook(name="Restart the web server"),
        server=make.server(hostname="build-01.ams.stag.example.com", environment="development"),
        user=make.user(username="nightly-runner", role="operator"),
        status="failed",
    )
    page = page_of(alice)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(JOBS)
    row = page.locator("#result_list tr.data-row")
    table, host = page.locator("#result_list"), row.get_by_role("link", name=job.server.hostname)
    assert row.bounding_box()["height"] < row_height
    assert host.bounding_box()["height"] < host_height
    assert table.evaluate("table => table.scrollWidth - table.parentElement.clientWidth") <= 0
