"""Production asks once, in a real browser: with the keyboard, on a phone, and without scripts."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from automation.models import Job, Run, Worker
from tests import make
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def failed() -> Run:
    """A run on six production servers that failed on web1."""
    Worker.objects.beat()
    ended = {"state": "finished", "outcome": "failed", "started_at": timezone.now()}
    run = make.run(playbook=make.playbook(name="Deploy"), **ended)
    for number in range(1, 7):
        server = make.server(hostname=f"web{number}", environment="production")
        make.job(run=run, server=server, status="success" if number > 1 else "failed")
    return run


def red(page: Page, name: str, *, is_first: bool = True):
    """The button, with icon, word and colour; the first of several is filled."""
    button = page.get_by_role("button", name=name)
    expect(button).to_contain_text("production")
    expect(button.locator(".material-symbols-outlined")).to_have_text("warning")
    where = "background-color" if is_first else "border-top-color"
    expect(button).to_have_css(where, "rgb(179, 32, 28)")
    return button


def test_a_relaunch_of_one_servers_job_stays_on_that_server(page_of, alice, failed):
    page = page_of(alice)
    page.goto(failed.jobs.get(server__hostname="web1").get_absolute_url())
    expect(page.locator(".io-job-head .io-production").first).to_contain_text("production")
    red(page, "Relaunch on all 6 servers (production)", is_first=False)
    red(page, "Relaunch on web1 (production)").click()

    # Nothing has been launched: the page shows what would be.
    expect(page.locator("#content h2")).to_have_text("Relaunch on web1 (production)?")
    expect(page.get_by_text("Runs “Deploy” on 1 of 6 active servers (web1)")).to_be_visible()
    assert Run.objects.count() == 1
    assert violations(page) == []
    red(page, "Relaunch on web1 (production)").click()
    expect(page).to_have_title("Pending · Deploy on web1 | InfraOps")
    expect(page.get_by_text("Relaunched Deploy.")).to_be_visible()
    assert [job.server.hostname for job in Run.objects.latest("id").jobs.all()] == ["web1"]


def test_one_can_think_better_of_it(page_of, alice, failed):
    page = page_of(alice)
    page.goto(failed.get_absolute_url())
    red(page, "Relaunch on failed server web1 (production)", is_first=False).click()
    page.get_by_role("link", name="Go back").click()
    expect(page).to_have_title("Failed · Deploy on 6 servers | InfraOps")
    assert Run.objects.count() == 1


def test_with_the_keyboard_alone(page_of, alice, failed):
    page = page_of(alice)
    page.goto(failed.get_absolute_url())
    page.get_by_role("button", name="Relaunch on all 6").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#content h2")).to_have_text("Relaunch on 6 servers (production)?")
    page.keyboard.press("Enter")  # nothing has the focus
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Relaunch on 6")).to_be_focused()
    assert Run.objects.count() == 1
    page.keyboard.press("Enter")
    expect(page).to_have_title("Pending · Deploy on 6 servers | InfraOps")


def test_a_cancel_asks_too_and_needs_no_script(browser, browser_context_args, page_of, alice):
    servers = [make.server(hostname=name, environment="production") for name in ("web1", "web2")]
    run = make.launch(make.playbook(name="Deploy"), alice, servers)
    cookies = page_of(alice).context.cookies()
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(run.get_absolute_url())
    page.get_by_role("button", name="Cancel run on 2 servers (production)").click()
    page.get_by_role("link", name="Keep running").click()
    assert Job.objects.active().count() == 2
    page.get_by_role("button", name="Cancel run on 2 servers (production)").click()
    page.get_by_role("button", name="Cancel run on 2 servers (production)").click()
    expect(page.get_by_text(f"Cancelled {run}.")).to_be_visible()
    assert not Job.objects.active().exists()
    context.close()


def test_outside_production_a_click_is_enough(page_of, alice):
    Worker.objects.beat()
    run = make.launch(make.playbook(name="Deploy"), alice, [make.server(hostname="db1")])
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    page.get_by_role("button", name="Cancel on db1").click()
    expect(page).to_have_title("Cancelled · Deploy on 1 server | InfraOps")
    page.get_by_role("button", name="Relaunch on db1").click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")


def test_the_list_of_jobs_marks_it_and_asks(page_of, alice, failed):
    page = page_of(alice)
    page.goto(reverse("admin:automation_job_changelist"))
    expect(page.locator("#result_list .io-production")).to_have_count(6)
    page.goto(reverse("admin:automation_run_changelist"))
    expect(page.locator("#result_list .io-production")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_everybody(page_of, alice, failed, scheme):
    page = page_of(alice)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    job = failed.jobs.get(server__hostname="web1")
    for path in (
        job.get_absolute_url(),
        failed.get_absolute_url(),
        reverse("automation:run_relaunch", args=[failed.pk]),
        reverse("admin:automation_run_changelist"),
    ):
        page.goto(path)
        page.wait_for_function("window.Alpine")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert violations(page) == [], path
