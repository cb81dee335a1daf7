"""The launch form in a real browser: the preview above the button is what runs."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from automation.models import Run, Worker
from inventory.models import Server
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

LAUNCH = reverse("automation:job_launch")


@pytest.fixture
def deploy():
    Worker.objects.beat()
    make.server(hostname="web1", environment="production", tags={"role": "web"})
    make.server(hostname="web2", environment="production", tags={"role": "web"})
    make.server(hostname="db1", environment="staging", tags={"role": "db"})
    variables = {"version": {"required": True}, "count": {"type": "integer", "default": 3}}
    return make.playbook(name="Deploy", variables=variables)


def opened(page: Page, playbook) -> Page:
    page.goto(f"{LAUNCH}?playbook={playbook.pk}")
    expect(page.locator("#launch-form[data-plan=known]")).to_be_visible()
    return page


def test_the_plan_follows_the_form(page_of, alice, deploy):
    page = opened(page_of(alice), deploy)
    touched, plan = page.locator(".io-touch"), page.get_by_label("What would run")
    expect(touched).to_have_text("Selected: 0 of 3 active servers.")
    page.get_by_label("Environment").select_option("staging")
    expect(touched).to_have_text("Selected: 1 of 3 active servers.")
    page.get_by_label("Environment").select_option("")
    page.get_by_label("Matching").fill("db")
    expect(touched).to_have_text("Selected: 1 of 3 active servers.")
    page.get_by_label("Matching").fill("")
    page.get_by_label("Tag", exact=True).fill("role=web")
    expect(touched).to_contain_text("Selected: 2 of 3 active servers, all of them in production.")
    expect(page.get_by_label("Chosen servers")).to_contain_text("web2 · production")

    # No errors are shown before the user has touched the form.
    expect(plan).to_contain_text("version: A value is required.")
    expect(page.locator(".io-live-error")).to_have_count(0)
    page.fill("[name=var_count]", "1.5")
    expect(page.locator(".io-live-error")).to_have_text("Enter a whole number.")
    expect(page.locator("[name=var_count]")).to_have_attribute("aria-invalid", "true")
    page.fill("[name=var_count]", "4")
    page.fill("[name=var_version]", "1.4")
    expect(plan).to_contain_text(
        "Runs “Deploy” on 2 of 3 active servers (web1 and web2), all of them in production."
    )
    expect(page.locator(".io-live-error")).to_have_count(0)
    plan.get_by_text("Exact command and variables").click()
    expect(plan.locator("pre")).to_contain_text("--limit web1,web2 -e @variables.yml --forks 5")
    # What was opened stays open.
    page.get_by_label("Check mode").check()
    expect(plan.locator("pre")).to_contain_text("--check --forks 5")
    expect(plan.locator("pre")).to_be_visible()

    button = page.get_by_role("button", name="Run in check mode on 2 servers, all of them in prod")
    button.dblclick()
    expect(page.locator("#launch-form")).to_have_count(0)
    assert Run.objects.get().extra_vars == {"version": "1.4", "count": 4}


def test_a_field_is_described_by_its_error_for_as_long_as_it_has_one(page_of, alice, deploy):
    page = opened(page_of(alice), deploy)
    count, forks = page.locator("[name=var_count]"), page.locator("[name=forks]")
    count.fill("1.5")
    expect(count).to_have_accessible_description("Enter a whole number.")
    count.fill("4")
    expect(count).to_have_accessible_description("")
    page.get_by_text("Options, credential and reason").click()
    help_text = forks.evaluate("field => document.getElementById(`${field.id}_helptext`).innerText")
    expect(forks).to_have_accessible_description(help_text)
    forks.fill("0")
    expect(forks).to_have_accessible_description(re.compile(re.escape(help_text) + " .*1"))


def test_ones_last_values_come_back_on_request(page_of, alice, deploy):
    web1 = Server.objects.get(hostname="web1")
    last = make.launch(deploy, alice, [web1], extra_vars={"version": "1.4"}, diff_mode=True)
    page = opened(page_of(alice), deploy)
    expect(page.get_by_text(f"run {last.pk}")).to_be_visible()
    page.fill("[name=var_version]", "9")
    page.get_by_role("button", name="Use again").click()
    expect(page.locator("[name=var_version]")).to_have_value("1.4")
    expect(page.get_by_role("checkbox", name="web1")).to_be_checked()
    expect(page.get_by_label("Show differences")).to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[name=var_version]")).to_have_value("9")
    expect(page.get_by_label("Show differences")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="web1")).not_to_be_checked()


def test_the_whole_form_can_be_seen(page_of, alice, deploy):
    """No bar covers the focused field, on a large screen or a phone."""
    page = opened(page_of(alice), deploy)
    page.get_by_text("Options, credential and reason").click()
    for width, height in ((1400, 700), (390, 700)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("forks", "idle_deadline_seconds", "tags"):
            field = page.locator(f"[name={name}]")
            field.focus()
            assert field.evaluate(
                """field => {
                    const box = field.getBoundingClientRect();
                    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                    return document.elementFromPoint(x, y) === field;
                }"""
            ), (width, name)
