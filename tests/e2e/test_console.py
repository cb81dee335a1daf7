"""The console in a real browser.

Each test also fails on a script error and on any request to another host
(tests/fixtures/browser.py).
"""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from automation.models import Job, Outcome, Run, Worker
from console.collected import MenuEntry
from console.objects import story_of
from console.parts import contributed
from tests import make
from tests.fixtures.browser import themes

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

ESC = "\x1b"


@pytest.fixture
def job(alice):
    """A running job that has printed a few lines."""
    Worker.objects.beat()
    row = make.job(status="running", user=alice, server=make.server(hostname="web1.example.com"))
    make.log_lines(row, *(f"line {number}" for number in range(1, 41)))
    return row


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    return page


def too_wide(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_signing_in_and_out(page: Page, complaints, boss):
    page.goto("/")
    page.fill("[name=username]", "boss")
    page.fill("[name=password]", make.PASSWORD)
    page.click("button[type=submit]")
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    page.get_by_text("boss@example.com").click()
    page.get_by_role("button", name="Log out").click()
    page.goto("/")
    expect(page.locator("[name=password]")).to_be_visible()


def test_from_the_form_to_the_job(page_of, alice):
    schema = {"version": {"type": "string", "required": True}, "pin": {"type": "string"}}
    deploy = make.playbook(name="Deploy", variables=schema | {"key": {"secret": True}})
    make.playbook(name="Check", variables={"pin": {"type": "string"}})
    make.server(hostname="web1.example.com"), make.server(hostname="db1.example.com")
    page = opened(page_of(alice), reverse("automation:job_launch"))
    page.select_option("[name=playbook]", label="Deploy")
    page.fill("[name=var_pin]", "1234")
    # Typed values are still there after a look at another playbook.
    page.select_option("[name=playbook]", label="Check")
    expect(page.locator("[name=var_version]")).to_have_count(0)
    page.select_option("[name=playbook]", label="Deploy")
    expect(page.locator("[name=var_pin]")).to_have_value("1234")
    expect(page.locator("[name=var_key]")).to_have_attribute("type", "password")

    page.get_by_role("checkbox", name="web1.example.com").check()
    expect(page.locator(".io-touch")).to_contain_text("Selected: 1 of 2 active servers")
    page.get_by_label("Check mode").check()
    expect(page.get_by_label("What would run")).to_contain_text("version: A value is required.")
    expect(page.get_by_role("button", name="Run in check mode on 1 server")).to_be_disabled()
    expect(page.locator("[name=var_pin]")).to_have_value("1234")
    page.fill("[name=var_version]", "1.4")
    page.get_by_role("button", name="Run in check mode on 1 server").click()
    expect(page).to_have_title("Pending · Deploy on web1.example.com | InfraOps")
    assert Run.objects.get().playbook == deploy and Run.objects.get().check_mode


def test_lines_and_states_arrive_while_one_watches(page_of, alice, job):
    page = opened(page_of(alice), job.get_absolute_url())
    expect(page).to_have_title(f"Running · {job} | InfraOps")
    expect(page.locator("#L40")).to_be_in_viewport()
    make.log_lines(job, f"{ESC}[0;32mok: [web1]{ESC}[0m", "<img src=x onerror=alert(1)> 🚀 \x00")
    expect(page.locator("#L41 .ansi-green")).to_have_text("ok: [web1]")
    expect(page.locator("#L42")).to_contain_text("<img src=x onerror=alert(1)> 🚀 ␀")
    expect(page.locator("#L42")).to_be_in_viewport()
    assert page.locator("#log img").count() == 0

    # Whoever reads further up is not scrolled away.
    page.locator("#log").evaluate("log => { log.scrollTop = 0; }")
    make.log_lines(job, "one more")
    expect(page.locator("#L43")).to_have_count(1)
    assert page.locator("#log").evaluate("log => log.scrollTop") == 0

    failed = Outcome.failed(Job.FailureKind.TASK_FAILED, "It broke.", failed_task="Restart")
    make.log_lines(job, "the last line", log_level="error")
    job.run.finish({job.pk: failed}, failed)
    expect(page).to_have_title(f"Failed · {job} | InfraOps")
    expect(page.get_by_text("It broke.")).to_be_visible()
    expect(page.locator("#L44")).to_have_count(1)
    expect(page.get_by_role("button", name="Relaunch")).to_be_visible()
    page.get_by_role("link", name="Line 44 of the log").click()
    expect(page.locator("#L44.io-here")).to_be_in_viewport()
    assert page.locator(".io-line").count() == 44


def test_cancelling_says_stopping_until_it_has_ended(page_of, alice, job):
    page = opened(page_of(alice), job.get_absolute_url())
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Stopping…")).to_be_disabled()
    expect(page).to_have_title(f"Stopping · {job} | InfraOps")
    run = Run.objects.get()
    assert run.is_cancelling
    run.finish({}, Outcome.cancelled("Cancelled by alice."))
    expect(page).to_have_title(f"Cancelled · {job} | InfraOps")
    expect(page.get_by_text("Cancelled by alice.")).to_be_visible()


def test_a_link_to_a_line_far_up_finds_it(page_of, bob):
    job = make.job(status="success")
    make.log_lines(job, *(f"line {number}" for number in range(1, 1201)))
    page = opened(page_of(bob), f"{job.get_absolute_url()}#L120")
    expect(page.locator("#L120.io-here")).to_be_in_viewport()
    expect(page.locator("#L121")).to_have_text("line 121")
    # The rest loads by itself, and the visible part does not move.
    expect(page.locator(".io-line")).to_have_count(1200)
    numbers = page.locator(".io-line").evaluate_all("lines => lines.map(line => line.id)")
    assert numbers == [f"L{number}" for number in range(1, 1201)]
    expect(page.locator("#L120.io-here")).to_be_in_viewport()


def test_a_lost_connection_loses_no_line(page_of, alice, job, complaints):
    page = opened(page_of(alice), job.get_absolute_url())
    page.route("**/lines/**", lambda route: route.abort())
    expect(page.get_by_text("connection lost")).to_be_visible()
    make.log_lines(job, "written meanwhile")
    page.unroute("**/lines/**")
    expect(page.locator("#L41")).to_have_text("written meanwhile", timeout=20_000)


def test_every_main_page_fits_a_phone(page_of, boss, job):
    ticket = make.ticket(job=job, title="A title that is rather long " * 4)
    changes = {"ssh_port": [22, 2222], "a" * 60: ["b" * 60, "c" * 300]}
    line = make.audit_line("server.updated", job.server, changes=changes, host_key="d" * 200)
    page = page_of(boss)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (
        reverse("home"),
        job.get_absolute_url(),
        reverse("automation:job_launch"),
        reverse("admin:automation_job_changelist"),
        reverse("admin:audit_auditlog_changelist"),
        ticket.get_absolute_url(),
        job.server.get_absolute_url(),
        job.playbook.get_absolute_url(),
        job.run.get_absolute_url(),
        reverse("admin:automation_run_changelist"),
        reverse("admin:inventory_server_changelist"),
        reverse("admin:automation_playbook_changelist"),
        reverse("admin:tickets_ticket_changelist"),
        reverse("admin:audit_auditlog_change", args=[line.pk]),
        story_of(job.server),
        "/nowhere/",
    ):
        opened(page, path)
        for theme in themes(page):
            assert not too_wide(page), (path, theme)


def test_the_command_search_leads_to_a_server(page_of, bob):
    make.server(hostname="web1.example.com")
    page = opened(page_of(bob), reverse("home"))
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type to search").press_sequentially("web1")
    page.get_by_role("link", name="web1.example.com").click()
    expect(page.get_by_text("web1.example.com").first).to_be_visible()


def test_the_keyboard_leads_where_an_app_says(page_of, alice, bob):
    entry = MenuEntry(
        words="Made up",
        icon="star",
        url_name="admin:inventory_server_changelist",
        query="?is_active__exact=1",
        permission="automation.launch_playbook",
        keys="g m",
    )

    def offered(page: Page) -> str:
        page.goto(reverse("home"))
        page.keyboard.press("?")
        text = page.get_by_role("dialog", name="Keyboard").inner_text()
        page.keyboard.press("Escape")
        return text

    with contributed(entry):
        viewers = page_of(bob)
        assert "Servers" in offered(viewers) and "Made up" not in offered(viewers)
        page = page_of(alice)
        assert "Made up" in offered(page)
        page.keyboard.press("g")
        page.keyboard.press("m")
        page.wait_for_url("**/admin/inventory/server/?is_active__exact=1")
    assert "Made up" not in offered(page)
