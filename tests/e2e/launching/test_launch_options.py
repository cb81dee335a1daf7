"""Options of the launch form that its user may not set, in a real browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from automation.models import Run, Worker
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

LAUNCH = reverse("automation:job_launch")
LOCKED = "Only admins may set this for this playbook."


@pytest.fixture
def deploy():
    Worker.objects.beat()
    make.server(hostname="web1")
    tasks = [{"name": "Restart", "tags": ["restart"], "debug": {"msg": "."}}]
    return make.playbook([{**make.HELLO[0], "tasks": tasks}], name="Deploy")


def opened(page: Page, playbook) -> Page:
    page.goto(f"{LAUNCH}?playbook={playbook.pk}")
    page.get_by_text("Options, credential and reason").click()
    page.get_by_role("checkbox", name="web1").check()
    return page


def test_an_operator_sees_what_is_for_admins_and_why(page_of, alice, deploy):
    page = opened(page_of(alice), deploy)
    for name in ("become", "start_at_task"):
        field = page.locator(f"[name={name}]")
        expect(field).to_be_disabled()
        expect(field).to_have_accessible_description(LOCKED)
    expect(page.get_by_label("Forks")).to_be_enabled()
    expect(page.get_by_label("Verbosity").locator("option")).to_have_text(["Normal", "-v", "-vv"])
    plan = page.get_by_label("What would run")
    page.get_by_label("Skip tags").fill("always")
    expect(plan).to_contain_text("Only admins may set “Tags that switch off guards”")
    expect(page.locator(".io-live-error")).to_contain_text("Only admins may set")
    page.get_by_label("Skip tags").fill("restart")
    page.get_by_role("button", name="Run on 1 server").click()
    expect(page).to_have_title("Pending · Deploy on web1 | InfraOps")
    assert Run.objects.get().options() == {"skip_tags": "restart"}


def test_an_admin_sets_them(page_of, boss, deploy):
    page = opened(page_of(boss), deploy)
    page.get_by_label("Become").check()
    page.get_by_label("Skip tags").fill("always")
    page.get_by_role("button", name="Run on 1 server").click()
    expect(page).to_have_title("Pending · Deploy on web1 | InfraOps")
    assert Run.objects.get().options() == {"become": True, "skip_tags": "always"}


def test_another_playbook_has_other_rules_and_keeps_what_was_typed(page_of, alice, deploy):
    rules = {"become": "operator", "forks": "nobody", "tags": "nobody"}
    free = make.playbook(name="Free", option_rules=rules)
    page = opened(page_of(alice), deploy)
    page.get_by_label("Forks").fill("9")
    page.get_by_label("Skip tags").fill("slow")
    page.get_by_label("Playbook").select_option(str(free.pk))
    expect(page.get_by_label("Become")).to_be_enabled()
    expect(page.get_by_label("Forks")).to_be_disabled()
    expect(page.get_by_label("Forks")).to_have_value("5")
    expect(page.get_by_label("Skip tags")).to_have_value("slow")
    expect(page.locator("#launch-options details")).to_have_attribute("open", "")
    page.get_by_label("Become").check()
    expect(page.get_by_label("What would run")).to_contain_text("as root")
    # Back again, it is off, and not sent.
    page.get_by_label("Playbook").select_option(str(deploy.pk))
    expect(page.get_by_label("Become")).to_be_disabled()
    expect(page.get_by_label("Become")).not_to_be_checked()
    expect(page.get_by_label("What would run")).not_to_contain_text("as root")
    page.get_by_role("button", name="Run on 1 server").click()
    expect(page).to_have_title("Pending · Deploy on web1 | InfraOps")
    assert Run.objects.get().options() == {"skip_tags": "slow"}


def test_an_admin_changes_the_rules_in_a_form(page_of, boss, deploy):
    page = page_of(boss)
    page.goto(reverse("admin:automation_playbook_change", args=[deploy.pk]))
    page.get_by_text("Who may set launch options").click()
    become = page.get_by_label("Become (--become)")
    expect(become.locator("option:checked")).to_have_text("Admins only (default)")
    become.select_option("operator")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(deploy.get_absolute_url())
    row = page.get_by_label("Launch options").get_by_role("row").filter(has_text="--become")
    expect(row).to_contain_text("Operators and admins changed")
    deploy.refresh_from_db()
    assert deploy.option_rules == {"become": "operator"}
