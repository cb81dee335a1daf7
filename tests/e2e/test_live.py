"""Live parts of pages in a real browser: what they request, say, and leave alone.

The pages' clock stands still until a test moves it, so a wait of minutes is over at once.
"""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, expect

from automation.models import Job, Outcome, Worker
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

# Two cores may be busy with other work.
SOON = 20_000
TEN_MINUTES = 600_000
LIVE_PARTS = re.compile("/(live|lines|tasks)/")

# Counts the page's requests by path, all of them and those still unanswered.
WATCH = """
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    window.hide = (value) => {
        hidden = value;
        document.dispatchEvent(new Event("visibilitychange"));
    };
    window.asked = {};
    window.unanswered = {};
    window.most = 0;
    const ask = fetch;
    window.fetch = (url, ...more) => {
        const { pathname } = new URL(url, location);
        asked[pathname] = (asked[pathname] || 0) + 1;
        unanswered[pathname] = (unanswered[pathname] || 0) + 1;
        most = Math.max(most, unanswered[pathname]);
        return ask(url, ...more).finally(() => { unanswered[pathname] -= 1; });
    };
"""


@pytest.fixture
def job(alice) -> Job:
    """A job of an active run: its page and the run's are live."""
    Worker.objects.beat()
    run = make.run(playbook=make.playbook(name="Deploy"), launched_by=alice)
    row = make.job(run=run, server=make.server(hostname="web1.example.com"))
    make.job(run=run, server=make.server(hostname="web2.example.com"))
    run.claim({job.server_id for job in run.jobs.all()})
    make.task_results(row, *["ok"] * 3)
    make.log_lines(row, "line 1")
    row.refresh_from_db()
    return row


@pytest.fixture
def open_page(page_of, alice):
    """A page of alice's whose clock and tab the test controls."""

    def opened(path: str) -> Page:
        page = page_of(alice)
        page.clock.install()
        page.clock.pause_at(timezone.now() + timedelta(minutes=1))
        page.add_init_script(WATCH)
        page.goto(path)
        return page

    return opened


def path_of(job: Job, kind: str) -> str:
    paths = {"home": reverse("home"), "run": job.run.get_absolute_url()}
    return paths.get(kind) or job.get_absolute_url()


def run_live(job: Job) -> str:
    return reverse("automation:run_live", args=[job.run_id])


def job_tasks(job: Job) -> str:
    return reverse("automation:job_tasks", args=[job.job_id])


def said(page: Page, words: str) -> Locator:
    return page.get_by_role("status").filter(has_text=words)


def asked(page: Page, path: str) -> int:
    return page.evaluate("path => asked[path] || 0", path)


def wait_for_question(page: Page, path: str, number: int) -> None:
    """Wait until this many requests have been made and answered."""
    are_answered = "([path, n]) => asked[path] >= n && !unanswered[path]"
    page.wait_for_function(are_answered, arg=[path, number])


def test_a_hidden_tab_rests_and_catches_up_when_it_is_shown(open_page, job):
    page = open_page(reverse("home"))
    page.clock.run_for(5_000)
    wait_for_question(page, "/live/", 1)
    page.evaluate("hide(true)")
    before = asked(page, "/live/")
    make.occurrence(make.ticket(title="It broke", job=job), job)
    page.clock.run_for(TEN_MINUTES)
    assert asked(page, "/live/") == before
    page.evaluate("hide(false)")
    expect(page.get_by_role("link", name="It broke")).to_be_visible(timeout=SOON)


def test_a_page_whose_title_tells_asks_seldom_while_hidden(open_page, job):
    page = open_page(job.run.get_absolute_url())
    page.evaluate("hide(true)")
    job.run.finish({}, Outcome.cancelled("Cancelled by alice."))
    page.clock.run_for(15_000)
    expect(page).to_have_title("Cancelled · Deploy on 2 servers | InfraOps", timeout=SOON)
    # It is over: no more requests.
    before = asked(page, run_live(job))
    page.clock.run_for(TEN_MINUTES)
    page.evaluate("hide(false)")
    page.clock.run_for(TEN_MINUTES)
    assert asked(page, run_live(job)) == before


@pytest.mark.parametrize("kind", ["home", "run", "job"])
def test_an_ended_session_is_said_with_a_way_back(open_page, job, kind):
    page = open_page(path_of(job, kind))
    here = page.url
    page.context.clear_cookies()
    page.clock.run_for(5_000)
    ended = said(page, "Not live. Your session has ended. Log in again").first
    expect(ended).to_be_visible(timeout=SOON)
    ended.get_by_role("link").click()
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", make.PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(here)


def test_after_logging_in_elsewhere_the_page_goes_on(open_page, job):
    page = open_page(job.run.get_absolute_url())
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.clock.run_for(2_000)
    expect(said(page, "Your session has ended.")).to_be_visible(timeout=SOON)
    before = asked(page, run_live(job))
    page.clock.run_for(TEN_MINUTES)
    assert asked(page, run_live(job)) == before
    page.context.add_cookies(cookies)
    page.evaluate("hide(true); hide(false)")
    expect(said(page, "Your session has ended.")).to_have_count(0, timeout=SOON)
    make.task_results(job, "ok")
    page.clock.run_for(2_000)
    expect(page.get_by_text("Tasks 1–4 of 4")).to_be_visible(timeout=SOON)


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "You no longer have permission to view this."), (404, "This no longer exists.")],
)
def test_what_one_may_not_see_any_more_is_told_from_an_ended_session(open_page, job, status, words):
    page = open_page(job.run.get_absolute_url())
    page.route("**/live/", lambda route: route.fulfill(status=status, body=""))
    page.clock.run_for(2_000)
    expect(said(page, f"{words} Reload the page")).to_be_visible(timeout=SOON)


def test_while_the_server_is_away_it_is_asked_less_often_and_the_page_says_so(open_page, job):
    page = open_page(reverse("home"))
    page.route("**/live/", lambda route: route.fulfill(status=500, body="broken"))
    page.clock.run_for(5_000)
    for seconds in (10, 20, 30, 30):
        words = f"Not live. The console answered with an error (500); retrying in {seconds} s."
        expect(said(page, words)).to_be_visible(timeout=SOON)
        page.clock.run_for(seconds * 1000)
    page.unroute("**/live/")
    page.route("**/live/", lambda route: route.abort())
    page.clock.run_for(30_000)
    expect(said(page, "Not live. Connection lost; retrying in 30 s.")).to_be_visible(timeout=SOON)

    page.unroute("**/live/")
    make.occurrence(make.ticket(title="It broke", job=job), job)
    page.clock.run_for(30_000)
    expect(page.get_by_role("link", name="It broke")).to_be_visible(timeout=SOON)
    expect(said(page, "retrying")).to_have_count(0)


def test_tasks_and_log_of_a_job_say_each_what_they_miss(open_page, job):
    page = open_page(job.get_absolute_url())
    page.route("**/tasks/*", lambda route: route.fulfill(status=503, body="broken"))
    page.clock.run_for(2_000)
    away = "Not live. The console answered with an error (503); retrying in 4 s."
    expect(page.locator("#tasks-state")).to_have_text(away, timeout=SOON)
    expect(page.locator("#log-state")).to_have_text("live")
    page.unroute("**/tasks/*")
    make.task_results(job, "ok")
    page.clock.run_for(4_000)
    expect(page.locator("#T4")).to_have_count(1, timeout=SOON)
    expect(page.locator("#tasks-state")).to_have_text("")


def test_what_one_looks_at_stays_when_a_part_is_replaced(open_page, job):
    page = open_page(job.run.get_absolute_url())
    page.get_by_text("Command, options and variables").click()
    page.get_by_role("link", name="All 3 tasks").focus()
    old = page.locator("[data-part=header], [data-part=matrix]").element_handles()
    assert len(old) == 2
    make.task_results(job, "ok")
    page.clock.run_for(2_000)
    expect(page.get_by_role("link", name="All 4 tasks")).to_be_focused(timeout=SOON)
    assert not any(part.evaluate("part => part.isConnected") for part in old)
    expect(page.get_by_text("No options or variables.")).to_be_visible()

    # What was closed stays closed, and the focus stays where it is.
    page.get_by_text("Command, options and variables").click()
    page.locator("#run summary").focus()
    make.task_results(job, "ok")
    page.clock.run_for(2_000)
    expect(page.get_by_text("Tasks 1–5 of 5")).to_be_visible(timeout=SOON)
    expect(page.locator("#run summary")).to_be_focused()
    expect(page.get_by_text("No options or variables.")).to_be_hidden()


def test_what_one_types_into_waits_until_one_is_through(open_page, job):
    page = open_page(job.run.get_absolute_url())
    field = page.get_by_placeholder("Task name contains")
    field.fill("Resta")
    make.task_results(job, "ok")
    job.run.finish({}, Outcome.cancelled("Cancelled by alice."))
    page.clock.run_for(2_000)
    expect(page.get_by_role("button", name="Relaunch")).to_be_visible(timeout=SOON)
    expect(field).to_have_value("Resta")
    field.blur()
    page.clock.run_for(2_000)
    expect(page.get_by_role("link", name="All 4 tasks")).to_be_visible(timeout=SOON)


@pytest.mark.parametrize("kind", ["home", "run", "job"])
def test_there_is_never_more_than_one_question_at_a_time(open_page, job, kind):
    page = open_page(path_of(job, kind))
    held: list[Route] = []
    page.route(LIVE_PARTS, lambda route: held.append(route))
    for _ in range(5):
        page.clock.run_for(3_000)
        page.evaluate("hide(true); hide(false); window.dispatchEvent(new Event('online'))")
    assert set(page.evaluate("Object.values(asked)")) == {1}
    page.route(LIVE_PARTS, lambda route: route.continue_())
    for route in held:
        route.continue_()
    path = {"home": "/live/", "run": run_live(job)}.get(kind) or job_tasks(job)
    page.clock.run_for(2 * TEN_MINUTES)
    wait_for_question(page, path, 2)
    assert page.evaluate("most") == 1


@pytest.mark.parametrize("kind", ["home", "run", "job"])
def test_that_a_page_is_not_live_is_in_sight_however_far_down_one_is(open_page, job, kind):
    make.log_lines(job, *["a line"] * 100)
    page = open_page(path_of(job, kind))
    page.set_viewport_size({"width": 900, "height": 260})
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.route(LIVE_PARTS, lambda route: route.abort())
    page.clock.run_for(5_000)
    expect(said(page, "Not live. Connection lost").first).to_be_in_viewport(timeout=SOON)
    assert page.evaluate("scrollY") > 0
    page.unroute(LIVE_PARTS)
    page.wait_for_function("Object.values(unanswered).every((count) => !count)")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(said(page, "Not live.")).to_have_count(0, timeout=SOON)


def test_a_duration_stands_still_while_the_page_is_not_live(open_page, job):
    page = open_page(job.get_absolute_url())
    page.clock.run_for(2_000)
    page.route(LIVE_PARTS, lambda route: route.abort())
    notice = said(page, "Not live.").first
    for _ in range(100):  # an answer that was under way may come first, and then it waits anew
        page.clock.run_for(1_000)
        if notice.is_visible():
            break
    expect(notice).to_be_visible(timeout=SOON)
    duration = page.locator("[data-since]")
    before = duration.inner_text()
    page.clock.run_for(30_000)
    assert duration.inner_text() == before


def test_a_tab_that_is_shown_again_says_that_it_is_old_until_it_is_not(open_page, job):
    page = open_page(reverse("home"))
    page.clock.run_for(5_000)
    wait_for_question(page, "/live/", 1)
    page.evaluate("hide(true)")
    page.clock.run_for(TEN_MINUTES)
    held: list[Route] = []
    page.route(LIVE_PARTS, lambda route: held.append(route))
    page.evaluate("hide(false)")
    page.clock.run_for(2_000)
    words = "Not live. Paused while this tab was hidden; updating…"
    expect(said(page, words)).to_be_visible(timeout=SOON)
    for route in held:
        route.continue_()
    expect(said(page, "Not live.")).to_have_count(0, timeout=SOON)
