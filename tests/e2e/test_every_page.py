"""Every page in a real browser: no console error, no request to another host, no broken script.

Violations of the Content-Security-Policy count as console errors.
"""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Error, Page

from tests import make
from tests.permission_table import NOBODY, TABLE

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

# They end the session, or are not pages.
LEFT_OUT = {"admin:logout", "favicon", "admin:jsi18n"}
INJECTED = """
    document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.ran=1>');
    const script = document.createElement('script');
    script.text = 'window.ran=1';
    document.body.append(script);
"""
# Endpoints look alike: these have a form, a list, a file and a long page.
ENDPOINTS = {"api:root", "api:docs", "api:job-list", "api:server-detail", "api:health"}


def opened_names() -> list[str]:
    return [
        name
        for name, row in TABLE.items()
        if row.wants.get("GET", NOBODY) < NOBODY
        and name not in LEFT_OUT
        and (not name.startswith("api:") or name in ENDPOINTS)
    ]


def opens(page: Page, path: str) -> bool:
    """True if it is a page rather than a download or a redirect."""
    try:
        answer = page.goto(path)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return False
    assert answer is not None
    is_html = answer.headers["content-type"].startswith("text/html")
    return answer.status == 200 and is_html and answer.request.redirected_from is None


def test_no_page_breaks_a_rule(page_of, boss, complaints):
    page, looked_at = page_of(boss), []
    for name in opened_names():
        row = TABLE[name]
        path = reverse(name, args=row.arguments(boss)) + row.query
        if opens(page, path):
            looked_at.append(name)
        assert complaints == [], name
    assert len(looked_at) > 40


def test_what_a_page_may_do_is_said_by_its_header(page_of, boss):
    page = page_of(boss)
    policy = page.request.get(reverse("home")).headers["content-security-policy"]
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["script-src"] == "'self' 'unsafe-eval'"
    assert rules["default-src"] == "'self'" and rules["frame-ancestors"] == "'none'"
    assert not any("http" in sources or "*" in sources for sources in rules.values())


def test_a_script_in_a_page_would_not_run(page_of, bob, complaints):
    """In case anything ever gets past the escaping: the browser refuses to run it."""
    page = page_of(bob)
    page.goto(reverse("home"))
    page.evaluate(INJECTED)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in complaints)
    complaints.clear()


def test_nothing_waits_for_the_script_that_knows_the_theme(page_of, bob):
    """With Alpine held back, a page in dark mode is still dark and visible."""
    page = page_of(bob)
    page.emulate_media(color_scheme="dark")
    page.route("**/alpine/*.js", lambda route: route.abort())
    page.goto(reverse("home"), wait_until="commit")
    page.wait_for_function("document.querySelector('#content')?.checkVisibility()")
    red = page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor.match(/[\\d.]+/g)[0]"
    )
    assert float(red) < 50
    # What Alpine would open is not there yet.
    assert not page.locator("#search-input-command").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_switch_of_the_theme_works_both_ways(page_of, bob, scheme):
    page = page_of(bob)
    page.emulate_media(color_scheme=scheme)
    page.goto(reverse("home"))
    page.wait_for_function("window.Alpine")
    is_dark = "document.documentElement.classList.contains('dark')"
    assert page.evaluate(is_dark) is (scheme == "dark")
    page.keyboard.press("Control+e")
    page.keyboard.press("Control+e") if scheme == "light" else None
    page.wait_for_function(f"{is_dark} === {'true' if scheme == 'light' else 'false'}")
    page.reload()
    assert page.evaluate(is_dark) is (scheme == "light")


def test_the_keyboard_leads_through_a_list(page_of, alice):
    first, second = make.job(status="success"), make.job(status="success")
    page = page_of(alice)
    page.goto(reverse("home"))
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/admin/automation/job/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{first.get_absolute_url()}")
    page.go_back()
    page.keyboard.press("/")
    page.keyboard.type("jk?")
    assert page.locator("#searchbar").input_value() == "jk?"
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    assert "Run a playbook" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.keyboard.press("r")
    page.wait_for_url("**/jobs/launch/")
    assert urlsplit(page.url).path == reverse("automation:job_launch")
    assert second.pk > first.pk


def test_back_in_a_list_the_keyboard_goes_on_from_the_row_that_was_opened(page_of, alice):
    jobs = [make.job(status="success") for _ in range(6)][::-1]
    page = page_of(alice)
    page.goto(reverse("admin:automation_job_changelist"))
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{jobs[2].get_absolute_url()}")
    page.go_back()
    page.wait_for_function("document.activeElement.closest('#result_list tr')")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{jobs[3].get_absolute_url()}")
    # With the mouse, and with a newer row above it.
    page.go_back()
    page.locator(f"#result_list th a[href='{jobs[4].get_absolute_url()}']").click()
    page.wait_for_url(f"**{jobs[4].get_absolute_url()}")
    make.job(status="success")
    page.go_back()
    page.wait_for_function("document.activeElement.closest('#result_list tr')")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{jobs[3].get_absolute_url()}")
    # A fresh visit starts at the top.
    page.goto(reverse("admin:automation_job_changelist"))
    assert page.evaluate("document.activeElement === document.body")


def test_a_request_to_another_host_is_noticed_and_goes_nowhere(page_of, bob, complaints):
    """All tests here rely on this. Links may lead elsewhere, but nobody has followed this one."""
    page = page_of(bob)
    page.goto(reverse("home"))
    page.goto("data:text/html,<img src='http://elsewhere.example/a.png'>")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert page.evaluate("document.images[0].naturalWidth") == 0
    assert complaints[0] == "request to http://elsewhere.example/a.png"
    complaints.clear()
