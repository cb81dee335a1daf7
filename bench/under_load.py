"""The console under load: jobs print, people read their logs and the home page, others launch.

Eight real jobs at once, of 20,000 lines each, on real workers. Meanwhile 20 people read the logs,
each requesting new lines 0.4 s after the last response, like the page, and the home page every five
seconds; gunicorn runs as in production. Then a hundred launches through the API within one second,
while two worker processes take what is launched. A response is timed from its request to its last
byte.
"""

import argparse
import http.client
import json
import os
import random
import re
import resource
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import quantiles
from threading import Event
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import connection
from django.urls import reverse

from accounts.models import ApiKey
from automation.models import Job, JobLog, Run
from bench import browser, scenery
from bench.console import console
from bench.table import Table, spread
from bench.workers import finished, ready_workers

JOBS, READERS, LAUNCHES = 8, 20, 100
GOALS = {"new lines of a log": 0.1, "home": 0.3, "a launch": 2.0}
PAUSE_SECONDS, HOME_SECONDS = 0.4, 5
LONGEST = 180
Taken = dict[str, list[float]]

# Ansible prints a list one item per line: 20 tasks of 1,000 lines.
LINE = "a line of some length, as logs have, number "
LONG = "{{ range(1000) | map('regex_replace', '^', '" + LINE + "') | list }}"
TASKS = [{"name": f"Print {n}", "ansible.builtin.debug": {"msg": LONG}} for n in range(20)]
NEWEST = re.compile(rb'id="L(\d+)"')
STATE = re.compile(rb'data-state="([^"]*)"')


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        f"Under load: {JOBS} jobs that print 20,000 lines each, {READERS} readers; then "
        f"{LAUNCHES} launches in one second",
        ["what", "times", "p50", "p95", "longest", "goal", ""],
    )
    with console() as url:
        taken = _reading(url, table)
        with ready_workers():
            taken["a launch"] = _launching(url)
            Run.objects.pending().update(state=Run.State.FINISHED)
            for run in Run.objects.exclude(state=Run.State.FINISHED):
                finished(run, within_seconds=LONGEST)
    for what, goal in GOALS.items():
        p95 = quantiles(taken[what], n=20, method="inclusive")[-1]
        verdict = "reached" if p95 <= goal else "missed"
        seconds = taken[what]
        table.add(what, len(seconds), *spread(seconds), f"≤ {goal * 1000:.0f} ms", verdict)
    return table


# --- While jobs print -----------------------------------------------------------------------------


def _reading(url: str, table: Table) -> Taken:
    """Seconds for each response, from when all jobs run until the first has ended."""
    playbook, servers = scenery.playbook("under_load", TASKS), scenery.machines(JOBS)
    cookies = browser.as_header(browser.session_of(scenery.operator()))
    taken: Taken = defaultdict(list)
    over = Event()
    with _a_worker_for_each_job(), ready_workers(within_seconds=120):
        runs = [scenery.launch(playbook, [server]) for server in servers]
        jobs, keys = [run.jobs.get() for run in runs], [run.pk for run in runs]
        _await_lines(jobs)
        before = _cpu()
        with ThreadPoolExecutor(READERS) as pool:
            for number in range(READERS):
                job = jobs[number % JOBS]
                pool.submit(_follow, url, cookies, job, taken, over)
            started = time.monotonic()
            while Run.objects.filter(pk__in=keys, state="running").count() == JOBS:
                time.sleep(0.5)
                if time.monotonic() - started > LONGEST:
                    break
            over.set()
        lines = JobLog.objects.filter(job__in=jobs).count()
        seconds = time.monotonic() - started
        table.note = f"{lines:,} lines in {seconds:.0f} s; readers: {_cpu() - before:.0f} s of CPU."
        for run in runs:
            finished(run, within_seconds=LONGEST)
    return taken


@contextmanager
def _a_worker_for_each_job() -> Iterator[None]:
    before = os.environ["WORKERS"], settings.Q_CLUSTER["workers"]
    os.environ["WORKERS"], settings.Q_CLUSTER["workers"] = str(JOBS), JOBS
    try:
        yield
    finally:
        os.environ["WORKERS"], settings.Q_CLUSTER["workers"] = before


def _await_lines(jobs: list[Job]) -> None:
    give_up_at = time.monotonic() + 120
    while JobLog.objects.filter(job__in=jobs).values("job").distinct().count() < JOBS:
        if time.monotonic() > give_up_at:
            raise TimeoutError("Not every job has begun")
        time.sleep(0.2)


def _follow(url: str, cookies: str, job: Job, taken: Taken, over: Event) -> None:
    """One reader: new lines repeatedly, as the page asks for them, the home page now and then."""
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    lines, home = reverse("automation:job_lines", args=[job.job_id]), reverse("home")
    last, state = 0, ""
    home_at = time.monotonic() + random.uniform(0, HOME_SECONDS)
    while not over.is_set():
        path = f"{lines}?{urlencode({'after': last, 'state': state})}"
        body = _get(line, path, cookies, taken["new lines of a log"])
        last = max([last, *map(int, NEWEST.findall(body))])
        state = STATE.findall(body)[0].decode()
        if time.monotonic() > home_at:
            home_at += HOME_SECONDS
            _get(line, home, cookies, taken["home"])
        over.wait(PAUSE_SECONDS)
    line.close()


def _get(line: http.client.HTTPConnection, path: str, cookies: str, seconds: list[float]) -> bytes:
    started = time.perf_counter()
    line.request("GET", path, headers={"Cookie": cookies})
    answer = line.getresponse()
    body = answer.read()
    seconds.append(time.perf_counter() - started)
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return body


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# --- Launches -------------------------------------------------------------------------------------


def _launching(url: str) -> list[float]:
    """Seconds for each launch; one starts every hundredth of a second, even if others wait."""
    playbook = scenery.playbook("at_once", [{"ansible.builtin.debug": {"msg": "hello"}}])
    _, token = ApiKey.objects.issue(scenery.operator(), name="under load")
    servers = scenery.machines(LAUNCHES)
    connection.close()
    began = time.monotonic() + 0.5

    def launch(number: int) -> float:
        line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        body = json.dumps({"playbook_id": playbook.pk, "server_id": servers[number].pk})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        time.sleep(max(0, began + number / LAUNCHES - time.monotonic()))
        started = time.perf_counter()
        line.request("POST", reverse("api:job-list"), body, headers)
        answer = line.getresponse()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {answer.read()!r}")
        answer.read()
        line.close()
        return time.perf_counter() - started

    with ThreadPoolExecutor(LAUNCHES) as pool:
        return list(pool.map(launch, range(LAUNCHES)))
