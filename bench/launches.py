"""How many launches per second the API accepts: a real gunicorn, real requests with an API key."""

import argparse
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from accounts.models import ApiKey
from automation.models import Run
from bench import scenery
from bench.console import console
from bench.table import Table

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
    with console() as url:
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
