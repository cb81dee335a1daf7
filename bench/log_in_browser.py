"""How old a line is when it appears on the screen, and how a log of 100,000 lines performs.

In Chromium, from gunicorn as in production. A line is timed from its row's commit to the first
frame drawn after the page has it; both clocks are this machine's. First paint is timed from the
click that opens the page, a search from Enter until the number of hits is shown, a jump until its
line is there.
"""

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles
from threading import Thread
from typing import Any

from django.db import connection
from django.utils import timezone

from automation.models import Job, JobLog, Run
from bench import browser, scenery
from bench.console import console
from bench.table import Table, spread

LONG = 100_000
LINES = 300
PAUSE_SECONDS = 0.1
TIMES = 15
# One hit in the middle of the log, many hits, and none: only the last one reads every line.
SEARCHED = ("item 050000", "item 07", "nowhere to be found")

# Records when each line was drawn: {line's id: milliseconds since 1970}.
WATCH = """
    window.drawn = {};
    new MutationObserver((changes) => {
        const lines = changes.flatMap((change) => [...change.addedNodes]);
        requestAnimationFrame(() => {
            const now = performance.timeOrigin + performance.now();
            for (const line of lines) window.drawn[line.id] = now;
        });
    }).observe(document.getElementById("log"), { childList: true });
"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
# Milliseconds from running `start` until `isDone`, checked in every frame.
UNTIL = """
    ([start, isDone]) => new Promise((resolve) => {
        const began = performance.now();
        new Function(start)();
        const done = new Function("return " + isDone);
        const look = () => {
            if (done()) resolve(performance.now() - began);
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    })
"""


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        f"In the browser: a job that prints, and one of {LONG:,} lines",
        ["what", "times", "p50", "p95", "longest", "goal", ""],
    )
    if why := browser.missing():
        table.note = f"Left out: {why}."
        return table
    jobs = _running_job(), _long_job()
    cookies = browser.session_of(scenery.operator())
    connection.close()
    with console() as url, browser.chromium() as chromium:
        context = browser.new_context(chromium, url, cookies)
        _measure_lines(table, context.new_page(), *jobs[0])
        _measure_long(table, context, jobs[1])
    return table


# --- New lines ------------------------------------------------------------------------------------


def _measure_lines(table: Table, page: Any, job: Job, path: str) -> None:
    page.goto(path)
    page.evaluate(WATCH)
    with _printing(job) as committed:
        page.wait_for_function(f"window.drawn.L{LINES}", timeout=120_000)
    drawn = page.evaluate("window.drawn")
    delays = [drawn[f"L{n}"] / 1000 - at for n, at in committed.items()]
    _add(table, "a line, from its commit to the screen", delays, goal=1)


@contextmanager
def _printing(job: Job) -> Iterator[dict[int, float]]:
    """Commit lines from a thread; yields {line number: commit time}."""
    committed: dict[int, float] = {}

    def write() -> None:
        for number in range(1, LINES + 1):
            JobLog.objects.create(job=job, line_number=number, content=f"line {number}")
            committed[number] = time.time()
            # Avoids getting in step with the page's polling.
            time.sleep(random.uniform(0.5, 1.5) * PAUSE_SECONDS)
        connection.close()

    thread = Thread(target=write)
    thread.start()
    yield committed
    thread.join()


# --- A long log -----------------------------------------------------------------------------------


def _measure_long(table: Table, context: Any, path: str) -> None:
    paints = []
    for _ in range(TIMES):
        page = context.new_page()
        page.goto(path)
        page.wait_for_function(FIRST_PAINT)
        paints.append(page.evaluate(FIRST_PAINT) / 1000)
        page.close()
    _add(table, "first paint of the long log's page", paints, goal=1)
    page = context.new_page()
    page.goto(path)
    jumps = [_until(page, *_jump(number)) for number in random.sample(range(1000, 90_000), TIMES)]
    _add(table, "a jump to a line that was not loaded", jumps, goal=0.5)
    for text in SEARCHED:
        seconds = [_until(page, *_search(text)) for _ in range(TIMES)]
        _add(table, f"a search for “{text}”", seconds, goal=0.5)
    _add_memory(table, page)


def _jump(number: int) -> tuple[str, str]:
    return f"location.hash = '#L{number}'", f"document.querySelector('#L{number}.io-here')"


def _search(text: str) -> tuple[str, str]:
    """As if typed, followed by Enter."""
    start = f"""
        const form = document.getElementById("log-search");
        document.getElementById("log-hits").textContent = "";
        form.elements.q.value = "";
        form.elements.q.value = {text!r};
        form.elements.q.dispatchEvent(new Event("input"));
        form.requestSubmit();
    """
    return start, "document.getElementById('log-hits').textContent"


def _until(page: Any, start: str, is_done: str) -> float:
    return page.evaluate(UNTIL, [start, is_done]) / 1000


def _add_memory(table: Table, page: Any) -> None:
    """The number of lines the page holds after scrolling up through 20,000."""
    for _ in range(40):
        page.evaluate("document.getElementById('log').scrollTop = 0")
        page.wait_for_timeout(100)
    held = page.evaluate("document.getElementById('log').childElementCount")
    megabytes = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    table.note = f"After scrolling up a long way the page holds {held} lines, {megabytes:.0f} MB."


# --- Data -----------------------------------------------------------------------------------------


def _add(table: Table, what: str, seconds: list[float], *, goal: float) -> None:
    p95 = quantiles(seconds, n=20, method="inclusive")[-1]
    verdict = "reached" if p95 <= goal else "missed"
    table.add(what, len(seconds), *spread(seconds), f"≤ {goal * 1000:.0f} ms", verdict)


def _job(status: str) -> Job:
    playbook = scenery.playbook(f"watched_{status}", [{"ansible.builtin.debug": {"msg": "hello"}}])
    run, _ = scenery.launched(playbook)
    now = timezone.now()
    ended = None if status == Job.Status.RUNNING else now
    run.jobs.update(status=status, started_at=now, completed_at=ended)
    Run.objects.filter(pk=run.pk).update(state="finished" if ended else "running", started_at=now)
    return run.jobs.get()


def _running_job() -> tuple[Job, str]:
    job = _job("running")
    return job, job.get_absolute_url()


def _long_job() -> str:
    job = _job("success")
    lines = (
        JobLog(job=job, line_number=n, content=f"\x1b[0;32mok: [bench] => item {n:06}\x1b[0m")
        for n in range(1, LONG + 1)
    )
    JobLog.objects.bulk_create(lines, batch_size=2000)
    return job.get_absolute_url()
