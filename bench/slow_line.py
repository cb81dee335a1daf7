"""How long a page takes over a slow connection, with an empty browser cache and with a full one.

In Chromium, from gunicorn as in production, over a slow connection simulated by Chromium: 300 ms
until a response begins, 200 kB/s for all of them together, six at a time (HTTP/1.1). Timed from the
click until the page is painted, and until everything it requests has arrived (the load event).
Requests and bytes are those that crossed the connection. The data is that of `seed_data --scale
small`.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from django.db import connection
from django.urls import reverse

from accounts.models import User
from automation.models import Job
from bench import browser
from bench.console import console
from bench.table import Table
from demo import making
from demo.scale import SCALES

LINE = {"latency": 300, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
GOALS = {"cold": 3.0, "warm": 1.0}
TIMES = 3
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        "Over a slow line (300 ms, 200 kB/s), in the browser",
        ["page", "cache", "requests", "kB", "painted", "loaded", "goal", ""],
        note=f"Medians of {TIMES}.",
    )
    if why := browser.missing():
        table.note = f"Left out: {why}."
        return table
    making.seed(SCALES["small"], 1, lambda text: None)
    pages = dict(_pages())
    cookies = browser.session_of(User.objects.admins().order_by("id")[:1].get())
    connection.close()
    with console() as url, browser.chromium() as chromium:
        for name, path in pages.items():
            contexts = [browser.new_context(chromium, url, cookies) for _ in range(TIMES)]
            visits = [_cold_and_warm(context, path) for context in contexts]
            for cache, of_cache in zip(GOALS, zip(*visits, strict=True), strict=True):
                _add(table, name, cache, of_cache)
    return table


def _pages() -> Iterator[tuple[str, str]]:
    yield "home", reverse("home")
    yield "jobs", reverse("admin:automation_job_changelist")
    yield (
        "a failed job",
        Job.objects.filter(failure_kind="task_failed").latest("id").get_absolute_url(),
    )
    yield "launch form", reverse("automation:job_launch")


def _cold_and_warm(context: Any, path: str) -> list[dict[str, float]]:
    """A new browser's first visit, and its second."""
    visits = [_visit(context, path), _visit(context, path)]
    context.close()
    return visits


def _visit(context: Any, path: str) -> dict[str, float]:
    page = context.new_page()
    with _slow(context, page) as seen:
        page.goto(path, wait_until="load")
        page.wait_for_function(f"{PAINTED} && {LOADED}")
        visit = {**seen, "painted": page.evaluate(PAINTED), "loaded": page.evaluate(LOADED)}
    page.close()
    return visit


@contextmanager
def _slow(context: Any, page: Any) -> Iterator[dict[str, float]]:
    """Within the block the connection is slow, and its traffic is counted."""
    seen = {"requests": 0, "bytes": 0}
    cached: set[str] = set()

    def note(event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            cached.add(event["requestId"])

    def count(event: dict[str, Any]) -> None:
        if event["requestId"] not in cached:
            seen["requests"] += 1
            seen["bytes"] += event["encodedDataLength"]

    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, **LINE})
    session.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
    session.on("Network.responseReceived", note)
    session.on("Network.loadingFinished", count)
    yield seen


def _add(table: Table, name: str, cache: str, visits: tuple[dict[str, float], ...]) -> None:
    middle = {what: median(visit[what] for visit in visits) for what in visits[0]}
    goal = GOALS[cache]
    table.add(
        name,
        cache,
        f"{middle['requests']:.0f}",
        f"{middle['bytes'] / 1000:.0f}",
        f"{middle['painted']:.2f} s",
        f"{middle['loaded']:.2f} s",
        f"≤ {goal:.0f} s",
        "reached" if middle["loaded"] <= goal else "missed",
    )
