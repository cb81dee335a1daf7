"""Why a run waits, or would wait: sentences for the launch form, pages, API and commands.

To add a reason, add a function to BLOCKERS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from inventory.models import Server
from schema.limits import name_some

from .server_locks import ServerLock
from .workers import Worker

if TYPE_CHECKING:
    from .runs import Run

# How many jobs of waiting runs are searched for the run that is next in front.
WAITING = 2000


def why_it_waits(run: Run) -> list[str]:
    """Sentences why a pending run has not started; never empty."""
    if run.is_held:
        return [run.held_words]
    return [*blockers(run), *_no_worker(run)] or ["Waiting for a worker."]


def why_it_would_wait(run: Run, servers: Sequence[Server]) -> list[str]:
    """Sentences why an unsaved run would not start at once, as things are now."""
    if run.is_held:
        return [run.held_words]
    reasons = [*blockers(run, servers), *_no_worker(run)]
    return [f"The run will wait: {each}" for each in reasons]


def blockers(run: Run, servers: Sequence[Server] | None = None) -> list[str]:
    """Sentences why a free worker would not claim the run; pass `servers` for an unsaved run."""
    if servers is None:
        keys = set(run.jobs.values_list("server_id", flat=True))
    else:
        keys = {server.pk for server in servers}
    return [sentence for blocker in BLOCKERS for sentence in blocker(run, keys)]


def _own_turn(run: Run, servers: set[int]) -> list[str]:
    key = run.playbook.exclusive_key()
    other = type(run).objects.running().filter(exclusive_key=key).first() if key else None
    if other is None:
        return []
    return [f"Run {other.pk} of this playbook has not finished, and only one may run at a time."]


def _busy_servers(run: Run, servers: set[int]) -> list[str]:
    held = _holders(servers)
    # A waiting run also reserves free servers against those behind it.
    before = _next_before(run, servers - held.keys())
    said = []
    if held:
        verb = "is" if len(held) == 1 else "are"
        said.append(f"{_hostnames(held)} {verb} held by {_runs(held)}.")
    if before:
        verb = "comes" if len(set(before.values())) == 1 else "come"
        said.append(f"{_runs(before).capitalize()} {verb} first on {_hostnames(before)}.")
    return said


# Each takes the run and the ids of its servers.
BLOCKERS: list[Callable[[Run, set[int]], list[str]]] = [_own_turn, _busy_servers]


def _no_worker(run: Run) -> list[str]:
    if Worker.objects.alive().exists() or type(run).objects.beating().exists():
        return []
    return ["No worker is alive. Start one: manage.py run_worker"]


def _holders(servers: set[int]) -> dict[int, int]:
    """{server id: run id} for those of the servers that a run holds.

    Reads all locks: there are as many as servers that are running something.
    """
    locks = ServerLock.objects.values_list("server_id", "run_id")
    return {server_id: run_id for server_id, run_id in locks if server_id in servers}


def _next_before(run: Run, servers: set[int]) -> dict[int, int]:
    """{server id: the nearest waiting run in front of it on that server}."""
    before = type(run).objects.waiting().order_by("-id")
    if run.pk is not None:
        before = before.filter(pk__lt=run.pk)
    found: dict[int, int] = {}
    for run_id, server_id in before.values_list("pk", "jobs__server_id")[:WAITING]:
        if server_id in servers:
            found.setdefault(server_id, run_id)
    return found


def _hostnames(servers: Mapping[int, int]) -> str:
    names = Server.objects.filter(pk__in=list(servers)).order_by("hostname")
    return name_some(list(names.values_list("hostname", flat=True)))


def _runs(found: Mapping[int, int]) -> str:
    return name_some([f"run {pk}" for pk in sorted(set(found.values()))])
