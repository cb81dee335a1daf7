"""Choosing what runs in the launch form: a pattern, a group, one of several inventories."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from automation.models import Run, Worker
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

LAUNCH = reverse("automation:job_launch")


@pytest.fixture
def deploy(db):
    """web1, web2 and db1 in the default inventory, web1 in staging; web has the web servers."""
    Worker.objects.beat()
    servers = [make.server(hostname=name) for name in ("web1", "web2", "db1")]
    make.group("web", *servers[:2])
    staging = make.inventory(name="staging")
    make.group("web", make.server(hostname="web1", inventory=staging))
    return make.playbook(name="Deploy", variables={"password": {"secret": True}})


def opened(page: Page, playbook) -> Page:
    page.goto(f"{LAUNCH}?playbook={playbook.pk}")
    expect(page.locator("#launch-form[data-plan=known]")).to_be_visible()
    return page


def test_a_typed_pattern_shows_its_servers_and_launches_on_them(page_of, alice, deploy):
    page = opened(page_of(alice), deploy)
    limit, chosen = page.get_by_label("Limit", exact=True), page.get_by_label("Chosen servers")
    limit.fill("web:db1:!web1")
    expect(chosen.get_by_role("listitem")).to_have_text(["db1 · development", "web2 · development"])
    limit.fill("wbe")
    expect(page.get_by_label("What would run")).to_contain_text(
        "There is no server or group “wbe”. Did you mean “web”?"
    )
    expect(limit).to_have_accessible_description(re.compile("There is no server or group"))
    limit.fill("web*@default:!web1")
    expect(page.get_by_label("What would run")).to_contain_text(
        "Runs “Deploy” on 1 of 4 active servers (web2)"
    )
    page.get_by_role("button", name="Run on 1 server").click()
    expect(page.locator("#launch-form")).to_have_count(0)
    run = Run.objects.get()
    assert [job.server.hostname for job in run.jobs.all()] == ["web2"]
    page.goto(run.get_absolute_url())
    expect(page.get_by_text("limit web*@default:!web1")).to_be_visible()


def test_servers_of_several_inventories_have_a_launch_for_each(page_of, alice, deploy):
    page = opened(page_of(alice), deploy)
    page.fill("[name=var_password]", "s3cret")
    page.get_by_label("Limit", exact=True).fill("web")
    page.get_by_role("button", name="Only staging (1)").click()
    expect(page.get_by_label("Chosen servers")).to_contain_text("web1@staging")
    expect(page.get_by_label("Inventory")).to_have_value("staging")
    expect(page.locator("[name=var_password]")).to_have_value("s3cret")
    # The same for servers that were ticked.
    page.get_by_label("Limit", exact=True).fill("")
    page.get_by_label("Inventory").select_option("")
    for name in ("web1@staging", "web2"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Only default (1)").click()
    expect(page.get_by_role("checkbox", name="web1@staging")).not_to_be_checked()
    expect(page.get_by_role("button", name="Run on 1 server")).to_be_enabled()


def test_a_groups_page_leads_to_a_launch_on_it(page_of, boss, deploy):
    page = page_of(boss)
    page.goto(f"{reverse('admin:inventory_servergroup_changelist')}?q=web")
    page.get_by_role("link", name="web", exact=True).first.click()
    page.locator(".io-tools").get_by_role("link", name="Run a playbook").click()
    page.locator("[name=playbook]").select_option("Deploy")
    expect(page.get_by_role("button", name="Run on 2 servers")).to_be_enabled()
