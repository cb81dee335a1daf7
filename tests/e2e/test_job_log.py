"""The log on a job's page in a real browser: long, searched, interrupted."""

from itertools import cycle

import pytest
from playwright.sync_api import Page, expect

from automation.models import JobLog, Outcome, Worker
from tests import make

# Two cores may be busy with other work.
SOON = 20_000

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

ESC = "\x1b"
MOST_LINES = 5000


def long_job(lines: int, **fields):
    Worker.objects.beat()
    job = make.job(**{"status": "success", "server": make.server(hostname="web1"), **fields})
    JobLog.objects.bulk_create(
        (
            JobLog(job=job, line_number=n, content=f"{ESC}[0;32mok: [web1] => item {n:05}{ESC}[0m")
            for n in range(1, lines + 1)
        ),
        batch_size=500,
    )
    return job


def numbers(page: Page) -> list[int]:
    ids = page.locator("#log .io-line").evaluate_all("lines => lines.map(line => line.id)")
    return [int(id.removeprefix("L")) for id in ids]


def is_in_order(shown: list[int]) -> bool:
    return shown == list(range(shown[0], shown[-1] + 1))


def test_a_long_log_is_a_window_that_moves(page_of, bob):
    job = long_job(20_000)
    page = page_of(bob)
    page.goto(job.get_absolute_url())
    log = page.locator("#log")
    log.evaluate("log => log.scrollIntoView({ block: 'end' })")
    expect(page.locator("#L20000")).to_be_in_viewport(timeout=SOON)
    assert numbers(page) == list(range(19_501, 20_001))

    # Scrolling up loads earlier lines; those far below are dropped.
    for first in range(19_001, 14_000, -500):
        log.evaluate("log => { log.scrollTop = 0; }")
        expect(page.locator(f"#L{first}")).to_have_count(1, timeout=SOON)
    shown = numbers(page)
    assert shown[0] == 14_001 and len(shown) == MOST_LINES and is_in_order(shown)
    expect(page.get_by_role("button", name="Load later lines")).to_be_visible(timeout=SOON)

    page.evaluate("location.hash = '#L120'")
    expect(page.locator("#L120.io-here")).to_be_in_viewport(timeout=SOON)
    assert is_in_order(numbers(page)) and len(numbers(page)) == 500
    log.evaluate("log => { log.scrollTop = log.scrollHeight; }")
    expect(page.locator("#L800")).to_have_count(1, timeout=SOON)
    assert is_in_order(numbers(page))
    page.get_by_role("button", name="To the end").click()
    expect(page.locator("#L20000")).to_be_in_viewport(timeout=SOON)
    assert is_in_order(numbers(page)) and numbers(page)[-1] == 20_000


def test_the_whole_log_is_searched_and_its_hits_are_walked_through(page_of, bob):
    job = long_job(3500)
    make.log_lines(job, f"{ESC}[31mit{ESC}[0m broke", log_level="error")
    page = page_of(bob)
    page.goto(job.get_absolute_url())
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Search the log")).to_be_focused()
    page.keyboard.type("ITEM 00")
    expect(page.get_by_text("1 of 999")).to_be_visible(timeout=SOON)
    expect(page.locator("#L1.io-here.io-hit")).to_be_in_viewport(timeout=SOON)
    assert page.evaluate("CSS.highlights.get('log-hits').size") > 100
    page.keyboard.press("Enter")
    expect(page.locator("#L2.io-here")).to_have_count(1, timeout=SOON)
    page.get_by_role("button", name="Previous match").click()
    page.keyboard.press("N")
    expect(page.get_by_text("999 of 999")).to_be_visible(timeout=SOON)
    expect(page.locator("#L999.io-here")).to_be_in_viewport(timeout=SOON)
    page.keyboard.press("n")
    expect(page.get_by_text("1 of 999")).to_be_visible(timeout=SOON)

    page.get_by_placeholder("Search the log").fill("it broke")
    expect(page.locator("#L3501.io-here")).to_be_in_viewport(timeout=SOON)
    page.get_by_placeholder("Search the log").fill("")
    page.get_by_label("Level").select_option("error")
    expect(page.get_by_text("1 of 1", exact=True)).to_be_visible(timeout=SOON)
    page.get_by_label("Level").select_option("")
    page.get_by_placeholder("Search the log").fill("item")
    expect(page.get_by_text("1 of 1000+")).to_be_visible(timeout=SOON)
    page.get_by_placeholder("Search the log").fill("nowhere")
    expect(page.get_by_text("No matches")).to_be_visible(timeout=SOON)


def test_how_the_log_looks_is_remembered(page_of, bob):
    job = long_job(3)
    page = page_of(bob)
    page.goto(job.get_absolute_url())
    time = page.locator("#L1 .io-time")
    expect(time).to_be_hidden()
    page.keyboard.press("t")
    page.keyboard.press("w")
    expect(time).to_be_visible(timeout=SOON)
    assert len(time.get_attribute("title")) > len(time.get_attribute("data-time")) == 12
    page.reload()
    expect(page.locator("#L1 .io-time")).to_be_visible(timeout=SOON)
    expect(page.get_by_label("Wrap")).to_be_checked()
    expect(page.locator("#log")).to_have_class("io-log io-wrapped io-timed")


def test_what_one_looks_at_stays_when_lines_grow(page_of, bob):
    job = long_job(50)
    make.log_lines(job, *["many words " * 60] * 50)
    page = page_of(bob)
    page.goto(f"{job.get_absolute_url()}#L80")
    expect(page.locator("#L80.io-here")).to_be_in_viewport(timeout=SOON)
    page.keyboard.press("w")
    expect(page.locator("#log.io-wrapped")).to_have_count(1, timeout=SOON)
    expect(page.locator("#L80")).to_be_in_viewport(timeout=SOON)


def in_sight(page: Page, number: int) -> None:
    """Expect the line itself within the log and the window."""
    expect(page.locator(f"#L{number}")).to_be_in_viewport(timeout=SOON)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_first_lines_of_a_fresh_launch_come_in_sight_and_stay_so(page_of, alice, size):
    job = long_job(0, status="running", user=alice)
    page = page_of(alice)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(job.get_absolute_url())
    expect(page.get_by_text("Lines appear here as the playbook prints them.")).to_be_visible()
    make.log_lines(job, *[f"line {number}" for number in range(1, 101)])
    in_sight(page, 100)
    make.log_lines(job, *[f"line {number}" for number in range(101, 301)])
    in_sight(page, 300)
    expect(page.get_by_label("Follow")).to_be_checked()


def test_who_scrolls_up_no_longer_follows_and_is_told_what_is_new(page_of, alice):
    job = long_job(300, status="running", user=alice)
    page = page_of(alice)
    page.goto(job.get_absolute_url())
    in_sight(page, 300)
    follow, log = page.get_by_label("Follow"), page.locator("#log")
    log.hover()
    page.mouse.wheel(0, -1500)
    expect(follow).not_to_be_checked(timeout=SOON)
    make.log_lines(job, "one more")
    jump = page.get_by_role("button", name="1 new line, jump to live")
    expect(jump).to_be_visible(timeout=SOON)
    before = log.evaluate("log => log.scrollTop")
    make.log_lines(job, *["and more"] * 1199)
    jump = page.get_by_role("button", name="1,200 new lines, jump to live")
    expect(jump).to_be_visible(timeout=SOON)
    assert log.evaluate("log => log.scrollTop") == before
    jump.click()
    in_sight(page, 1500)
    expect(follow).to_be_checked()
    expect(jump).to_be_hidden()
    make.log_lines(job, "the newest")
    in_sight(page, 1501)

    # Scrolling down to the end resumes following.
    log.hover()
    page.mouse.wheel(0, -1500)
    expect(follow).not_to_be_checked(timeout=SOON)
    page.mouse.wheel(0, 100_000)
    expect(follow).to_be_checked(timeout=SOON)

    # After the end there is nothing to follow.
    page.mouse.wheel(0, -1500)
    expect(follow).not_to_be_checked(timeout=SOON)
    make.log_lines(job, "the last")
    job.run.finish({}, Outcome.cancelled("Cancelled."))
    jump = page.get_by_role("button", name="1 new line, jump to the end")
    expect(jump).to_be_visible(timeout=SOON)
    jump.click()
    in_sight(page, 1502)
    expect(page.locator("#log-jump")).to_be_hidden()


def test_a_range_of_lines_is_chosen_linked_and_found(page_of, context, live_server, bob):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    job = long_job(40)
    page = page_of(bob)
    page.goto(job.get_absolute_url())
    chosen = page.locator(".io-line.io-here")
    page.locator("#L12 .io-number").click()
    expect(chosen).to_have_count(1)
    assert page.url.endswith("#L12")
    page.locator("#L20 .io-number").click(modifiers=["Shift"])
    expect(chosen).to_have_count(9)
    assert page.url.endswith("#L12-L20")
    # From the same line in the other direction, and with the keyboard.
    page.locator("#L10 .io-number").focus()
    page.keyboard.press("Shift+Enter")
    expect(chosen).to_have_count(3)
    assert page.url.endswith("#L10-L12")
    assert len(page.context.pages) == 1
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied")).to_be_visible(timeout=SOON)
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{live_server.url}{job.get_absolute_url()}#L10-L12"
    page.goto("about:blank")
    page.goto(link)
    expect(chosen).to_have_count(3, timeout=SOON)
    in_sight(page, 10)
    page.evaluate("location.hash = '#L33-L31'")
    expect(chosen).to_have_count(3, timeout=SOON)
    in_sight(page, 31)


def test_a_range_far_up_in_a_long_log_is_found_and_stays_marked(page_of, bob):
    job = long_job(100_000)
    page = page_of(bob)
    page.goto(f"{job.get_absolute_url()}#L4990-L5300")
    chosen = page.locator(".io-line.io-here")
    in_sight(page, 4990)
    assert is_in_order(numbers(page)) and len(numbers(page)) <= MOST_LINES
    page.locator("#log").evaluate("log => { log.scrollTop = log.scrollHeight; }")
    expect(page.locator("#L5300.io-here")).to_have_count(1, timeout=SOON)
    expect(chosen).to_have_count(311)
    expect(page.locator("#L5301.io-here")).to_have_count(0)


@pytest.mark.parametrize(
    ("asked", "first", "count", "address"),
    [
        ("#L20-L0", 1, 20, "#L1-L20"),
        ("#L0", 1, 1, "#L1"),
        ("#L0-L0", 1, 1, "#L1"),
        ("#L60-L50", 50, 11, "#L50-L60"),
        ("#L99999", 20_000, 1, "#L99999"),
        ("#L20100", 20_000, 1, "#L20100"),
        ("#L99999-L30000", 20_000, 1, "#L30000-L99999"),
        ("#L19990-L99999999999", 19_990, 11, "#L19990-L999999999"),
    ],
)
def test_an_odd_address_leads_to_lines_that_there_are(page_of, bob, asked, first, count, address):
    job = long_job(20_000, status="failed")
    # The page opens around the failure, so its window ends before the log does.
    job.logs.filter(line_number=8_000).update(log_level="error")
    page = page_of(bob)
    page.goto(f"{job.get_absolute_url()}{asked}")
    expect(page.locator(f"#L{first}.io-here")).to_be_in_viewport(timeout=SOON)
    expect(page.locator(".io-line.io-here")).to_have_count(count)
    assert page.url.endswith(address)


def test_whatever_breaks_on_the_way_no_line_is_lost_or_doubled(page_of, alice, complaints):
    job = long_job(10, status="running", user=alice)
    page = page_of(alice)
    # Waiting is shortened: what is tested is what happens, not when.
    page.add_init_script(
        "const later = setTimeout; window.setTimeout = (f, ms) => later(f, Math.min(ms, 50));"
    )
    troubles = cycle(["abort", 503, None, "half", 502, None, None])

    def troubled(route):
        trouble = next(troubles)
        if trouble == "abort":
            route.abort()
        elif trouble == "half":
            route.fulfill(status=200, body="<html><body>Bad gateway, but politely")
        elif trouble:
            route.fulfill(status=trouble, body="gone for a moment")
        else:
            route.fallback()

    page.goto(job.get_absolute_url())
    page.route("**/lines/**", troubled)
    for number in range(11, 61):
        make.log_lines(job, f"line {number}")
        if number == 30:
            page.reload()
    expect(page.locator("#L60")).to_have_count(1, timeout=SOON)
    assert numbers(page) == list(range(1, 61))
    # The worker is lost, and another one ends the job: the page says so.
    make.log_lines(job, "the last line")
    job.run.finish({}, Outcome.cancelled("Worker lost."))
    expect(page).to_have_title(f"Cancelled · {job} | InfraOps", timeout=SOON)
    assert numbers(page) == list(range(1, 62))


def test_a_hidden_tab_asks_seldom_and_at_once_when_it_is_looked_at(page_of, alice):
    job = long_job(5, status="running", user=alice)
    page = page_of(alice)
    page.add_init_script(
        """
        let hidden = false;
        Object.defineProperty(document, "hidden", { get: () => hidden });
        window.hide = (value) => {
            hidden = value;
            document.dispatchEvent(new Event("visibilitychange"));
        };
        window.waits = [];
        const later = setTimeout;
        window.setTimeout = (f, ms) => { window.waits.push(ms); return later(f, ms); };
        """
    )
    page.goto(job.get_absolute_url())
    page.wait_for_function("waits.some((ms) => ms >= 400 && ms < 1000)")
    page.evaluate("hide(true); waits.length = 0;")
    page.wait_for_function("waits.includes(5000)")
    make.log_lines(job, "written while nobody looked")
    page.evaluate("hide(false)")
    # Well before five seconds are over.
    expect(page.locator("#L6")).to_have_count(1, timeout=4_000)


HOSTILE = [
    "<script>hacked = 1</script>",
    "<img src=x onerror='hacked = 2'>",
    f"<{ESC}[31mscript>hacked = 3</{ESC}[0mscript>",
    f"{ESC}]8;;javascript:hacked=4{ESC}\\click me{ESC}]8;;{ESC}\\",
    f"{ESC}]8;;https://evil.example/{ESC}\\a link{ESC}]8;;\x07",
    f"{ESC}]0;<svg onload='hacked = 5'>\x07",
    f'{ESC}[31m" onmouseover="hacked = 6',
    f"10 %\r20 %\r{ESC}[2K{ESC}[1A<b>100 %</b>",
    "</span></div></section><style>body{display:none}</style>",
    "<a href='javascript:hacked=7'>here</a>",
    "\x9b31m\x00\u202e<iframe srcdoc='<script>parent.hacked=8</script>'>",
]


def test_hostile_output_is_only_text(page_of, alice):
    job = long_job(1, status="running", user=alice)
    make.log_lines(job, *HOSTILE)
    page = page_of(alice)
    page.goto(job.get_absolute_url())
    make.log_lines(job, *HOSTILE)  # now as fragments
    last = 1 + 2 * len(HOSTILE)
    expect(page.locator(f"#L{last}")).to_have_count(1, timeout=SOON)
    page.get_by_placeholder("Search the log").fill("<img src=x onerror")
    expect(page.get_by_text("1 of 2")).to_be_visible(timeout=SOON)
    for line in page.locator(".io-text").all():
        line.hover()
    inside = "[...document.querySelectorAll('.io-text *')].map((element) => element.tagName)"
    assert set(page.evaluate(inside)) == {"SPAN"}
    assert page.evaluate("typeof hacked") == "undefined"
    expect(page.locator("#L3")).to_contain_text("<img src=x onerror='hacked = 2'>")
