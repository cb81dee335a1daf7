"""How many launches the API accepts a second: a real gunicorn, real requests with an API key."""

import argparse
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from socket import socket

from accounts.models import ApiKey
from automation.models import Run
from bench import scenery
from bench.table import Table
from infraops import children

GOAL = 50
CLIENTS = 4
TASK = {"name": "Never runs", "ansible.builtin.debug": {"msg": "no worker is up"}}


def measure(options: argparse.Namespace) -> Table:
    playbook, server = scenery.playbook("launches", [TASK]), scenery.this_machine()
    _, token = ApiKey.objects.issue(scenery.operator(), name="bench")
    body = json.dumps({"playbook_id": playbook.pk, "server_id": server.pk}).encode()
    table = Table(
        f"Launches accepted through the API, by {CLIENTS} clients at once",
        ["launches", "seconds", "a second", "goal", ""],
    )
    before = Run.objects.count()
    with _console() as url:
        started = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda _: _launch(url, token, body), range(options.accepted)))
        seconds = time.monotonic() - started
    if Run.objects.count() - before != options.accepted:
        raise RuntimeError("Not every launch became a run")
    Run.objects.pending().update(state=Run.State.FINISHED)
    rate = options.accepted / seconds
    verdict = "reached" if rate >= GOAL else "missed"
    table.add(options.accepted, f"{seconds:.1f} s", f"{rate:.0f}", f"≥ {GOAL}", verdict)
    return table


def _launch(url: str, token: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/jobs", body, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        if response.status != 201:
            raise RuntimeError(f"{response.status}: {response.read()!r}")


@contextmanager
def _console() -> Iterator[str]:
    """The console as production runs it, on a free port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = (f"--bind={bind}", "--workers=2", "--threads=4", "--log-level=warning")
    child = children.start("-m", "gunicorn", *arguments, "infraops.wsgi")
    try:
        _await(f"http://{bind}")
        yield f"http://{bind}"
    finally:
        children.stop(child, within_seconds=35)


def _await(url: str, *, seconds: float = 30) -> None:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        try:
            # Without a worker it says 503, and answers.
            urllib.request.urlopen(f"{url}/api/health", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} does not answer")
