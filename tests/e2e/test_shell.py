"""The frame around every page: sidebar, command search, lists that fit a screen."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

SCREEN = {"width": 1440, "height": 900}
LISTS = ("automation_job", "automation_run", "inventory_server", "tickets_ticket", "audit_auditlog")


def changelist(name):
    return reverse(f"admin:{name}_changelist")


def open_search(page, text):
    page.get_by_role("button", name="Search servers, jobs, tickets…").click()
    page.locator("#search-input-command").fill("")
    page.locator("#search-input-command").press_sequentially(text)


def test_the_sidebar_of_an_admin_fits_the_screen(page_of, boss):
    page = page_of(boss)
    page.set_viewport_size(SCREEN)
    page.goto("/")
    menu = page.locator("#nav-sidebar-apps .simplebar-content-wrapper")
    workers = page.get_by_role("link", name="Workers", exact=True)
    expect(workers).to_be_hidden()
    expect(page.locator("#nav-sidebar-apps summary")).to_be_in_viewport(ratio=1)
    assert menu.evaluate("menu => menu.scrollHeight <= menu.clientHeight")
    page.locator("#nav-sidebar-apps summary").click()
    workers.click()
    expect(workers).to_have_attribute("aria-current", "page")
    expect(workers).to_be_visible()
    for name in ("Schedules", "Queue failures"):
        expect(page.locator("#changelist").get_by_role("link", name=name)).to_be_visible()


@pytest.fixture
def busy(boss):
    """Thirty rows in each of the lists, with long names, failures and tags."""
    playbook = make.playbook(name="Restart the web server and whatever hangs on it")
    for number in range(30):
        hostname = f"build-{number:02}.ams.staging.example.com"
        tags = {"role": ["web", "db"], "site": "ams", "team": "payments", "rack": number}
        server = make.server(hostname=hostname, environment="development", tags=tags)
        job = make.job(playbook=playbook, server=server, user=boss, status="failed")
        make.ticket(title=f"{playbook} failed in production: Take the server out of it", job=job)
        make.audit_line("server.updated", server, actor=boss)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_shows_twenty_rows(page_of, boss, busy, name):
    page = page_of(boss)
    page.set_viewport_size(SCREEN)
    page.goto(changelist(name))
    expect(page.locator("#result_list tr.data-row")).not_to_have_count(0)
    seen = page.evaluate(
        """() => {
            const end = document.querySelector(".io-pages").getBoundingClientRect().top;
            return [...document.querySelectorAll("#result_list tr.data-row")]
                .filter((row) => row.getBoundingClientRect().bottom <= end).length;
        }"""
    )
    assert seen >= 20
    table = page.locator("#result_list")
    assert table.evaluate("table => table.scrollWidth - table.parentElement.clientWidth") <= 0


def test_a_time_is_relative_and_exact_for_whoever_wants_it(page_of, bob):
    created = timezone.now() - timezone.timedelta(hours=3)
    job = make.job(created_at=created)
    page = page_of(bob)
    page.goto(changelist("automation_job"))
    time = page.locator("#result_list time")
    exact = f"{created:%Y-%m-%d %H:%M:%S} UTC"
    expect(time).to_have_text("3 h ago")
    expect(time).to_have_attribute("title", exact)
    assert time.get_attribute("datetime").startswith(f"{created:%Y-%m-%dT%H:%M:%S}")
    # Titles only appear for the mouse: with the keyboard, the time appears beside the link.
    page.get_by_role("link", name=job.playbook.name, exact=True).focus()
    shown = "time => getComputedStyle(time, '::after').content"
    assert time.evaluate(shown) == "none"
    while not time.evaluate("time => time.parentElement === document.activeElement"):
        page.keyboard.press("Tab")
    assert time.evaluate(shown) == f'"{exact}"'


def test_the_number_of_a_run_opens_the_run(page_of, bob):
    job = make.job()
    page = page_of(bob)
    page.goto(changelist("automation_job"))
    page.get_by_role("link", name=str(job.run_id), exact=True).click()
    page.wait_for_url(f"**{job.run.get_absolute_url()}")


def test_enter_in_the_search_opens_the_first_find(page_of, alice):
    """Even if pressed before the results have come: nobody waits half a second for them."""
    run = make.job().run
    page = page_of(alice)
    page.goto("/")
    open_search(page, f"run {run.pk}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{run.get_absolute_url()}")


def test_enter_without_a_find_does_nothing(page_of, alice):
    page = page_of(alice)
    page.goto("/")
    open_search(page, "")
    page.keyboard.press("Enter")
    page.keyboard.type("zzz")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/")


def test_the_search_launches_and_turns_the_light_off(page_of, alice):
    page = page_of(alice)
    page.goto("/")
    open_search(page, "dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_class("dark")
    expect(page.locator("#search-input-command")).to_be_hidden()
    open_search(page, "light")
    page.get_by_role("link", name="Light mode").click()
    expect(page.locator("html")).to_have_class("light")
    open_search(page, "launch")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + reverse("automation:job_launch"))
