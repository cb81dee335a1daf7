"""How fast the main pages are with a large team's data, and how many queries each makes.

The data is that of `seed_data --scale large`: 10,000 servers, 100,000 jobs, 1,500,000 lines. An
admin requests each page over HTTP, one request at a time, from gunicorn as in production; a request
is timed from its first byte to the last byte of the response. Queries are counted for one more
request, made in this process.
"""

import argparse
import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.models import AuditLog
from automation.models import Job, JobLog, Playbook, Run
from bench import browser
from bench.console import console
from bench.table import Table, spread
from demo import making
from demo.scale import SCALES
from inventory.models import Server
from tickets.models import Ticket

GOAL, HOME_GOAL, SEARCH_GOAL = 0.2, 0.3, 0.5
WARM_UPS = 3


@dataclass(frozen=True)
class Page:
    name: str
    url: str
    goal: float = GOAL


def measure(options: argparse.Namespace) -> Table:
    making.seed(SCALES[options.scale], 1, lambda text: None)
    return ask(list(main_pages()), options.asked)


def ask(pages: list[Page], times: int) -> Table:
    """Request each page `times` times."""
    client = Client()
    client.force_login(User.objects.admins().order_by("id")[:1].get())
    cookies = browser.as_header(browser.cookies_of(client))
    table = Table(
        f"Pages with {Job.objects.count():,} jobs and {Server.objects.count():,} servers",
        ["page", "queries", "KB", "p50", "p95", "longest", "goal", ""],
        note=f"Each asked for {times} times, one request at a time.",
    )
    with console() as url:
        for page in pages:
            _add(table, page, _Asked(url, cookies, page, times), _queries(client, page))
    return table


def main_pages() -> Iterator[Page]:
    """The pages that operators use all day, as full as they get."""
    yield Page("home", reverse("home"), HOME_GOAL)
    yield from _lists()
    yield from _job_pages()
    yield from _other_pages()
    yield from _api_pages()


def _lists() -> Iterator[Page]:
    jobs, servers = _list("automation_job"), _list("inventory_server")
    server, playbook = _busiest("server"), _busiest("playbook")
    failed = {"status__exact": "failed"}
    yield Page("jobs", jobs)
    yield Page("jobs, failed", _with(jobs, **failed))
    yield Page("jobs, failed, of a playbook", _with(jobs, playbook__id__exact=playbook, **failed))
    yield Page("jobs of a server", _with(jobs, server__id__exact=server))
    yield Page("jobs, searched", _with(jobs, q="web-01"))
    yield Page("runs", _list("automation_run"))
    yield Page("servers", servers)
    yield Page("servers, production", _with(servers, environment="production"))
    yield Page("servers, searched", _with(servers, q="db-0"))
    yield Page("playbooks", _list("automation_playbook"))
    yield Page("tickets", _list("tickets_ticket"))
    yield Page("tickets, the queue", _with(_list("tickets_ticket"), queue="unresolved"))
    story = {"resource_type__exact": "server", "resource_id__exact": server}
    yield Page("audit", _list("audit_auditlog"))
    yield Page("audit, one object's story", _with(_list("audit_auditlog"), **story))


def _job_pages() -> Iterator[Page]:
    failed = Job.objects.filter(failure_kind="task_failed").latest("id")
    longest = _longest()
    for name, job in (("a failed one", failed), ("the longest log", longest)):
        yield Page(f"job, {name}", job.get_absolute_url())
    lines = reverse("automation:job_lines", args=[longest.job_id])
    middle = longest.last_line_number // 2
    yield Page("job, new lines", _with(lines, after=middle))
    search = reverse("automation:job_search", args=[longest.job_id])
    yield Page("job, log searched", _with(search, q="099"), SEARCH_GOAL)


def _other_pages() -> Iterator[Page]:
    widest = Run.objects.get(pk=_busiest("run"))
    playbook = Playbook.objects.get(pk=_busiest("playbook"))
    ticket = Ticket.objects.annotate(n=Count("occurrences")).order_by("-n")[0]
    yield Page("run of many servers", widest.get_absolute_url())
    yield Page("server", reverse("inventory:server_detail", args=[_busiest("server")]))
    yield Page("playbook", playbook.get_absolute_url())
    yield Page("ticket", ticket.get_absolute_url())
    yield Page("audit line", _row("audit_auditlog", AuditLog.objects.latest("id").pk))
    asking = Playbook.objects.exclude(variables={}).order_by("id")[0]
    yield Page("launch form", _with(reverse("automation:job_launch"), playbook=asking.pk))


def _api_pages() -> Iterator[Page]:
    yield Page("API: jobs", _with(reverse("api:job-list"), status="failed"))
    yield Page("API: servers", _with(reverse("api:server-list"), search="web"))
    yield Page("API: audit", reverse("api:auditlog-list"))
    longest = _longest()
    lines = reverse("api:job-logs", args=[longest.job_id])
    yield Page("API: lines", _with(lines, after=longest.last_line_number // 2))


def _longest() -> Job:
    """The job with the most log lines."""
    return JobLog.objects.order_by("-line_number").select_related("job")[0].job


def _list(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


def _row(name: str, pk: Any) -> str:
    return reverse(f"admin:{name}_change", args=[pk])


def _with(url: str, **query: Any) -> str:
    return f"{url}?{urlencode(query)}"


def _busiest(column: str) -> Any:
    """The value of the column with the most jobs."""
    return Job.objects.values(column).annotate(n=Count("id")).order_by("-n")[0][column]


class _Asked:
    """Durations of the requests, and the size of the response."""

    def __init__(self, url: str, cookies: str, page: Page, times: int) -> None:
        self.seconds: list[float] = []
        self.size = 0
        host = urlsplit(url).netloc
        for number in range(WARM_UPS + times):
            started = perf_counter()
            self.size = _read(host, cookies, page)
            if number >= WARM_UPS:
                self.seconds.append(perf_counter() - started)


def _read(host: str, cookies: str, page: Page) -> int:
    """The length of the response.

    Raises unless it is a 200: anything else would distort the result.
    """
    asked = http.client.HTTPConnection(host, timeout=60)
    asked.request("GET", page.url, headers={"Cookie": cookies, "Accept": "text/html, */*"})
    answer = asked.getresponse()
    body = answer.read()
    asked.close()
    if answer.status != 200:
        raise RuntimeError(f"{page.url}: {answer.status} {body[:300]!r}")
    return len(body)


def _queries(client: Client, page: Page) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(page.url, headers={"host": "localhost"})
    return len(queries)


def _add(table: Table, page: Page, asked: _Asked, queries: int) -> None:
    p95 = quantiles(asked.seconds, n=20, method="inclusive")[-1]
    verdict = "reached" if p95 <= page.goal else "missed"
    goal, size = f"≤ {page.goal * 1000:.0f} ms", f"{asked.size / 1000:.0f}"
    table.add(page.name, queries, size, *spread(asked.seconds), goal, verdict)
