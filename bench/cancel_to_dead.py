"""How long a cancelled run takes to die: from the commit of the cancellation to its last process.

A real worker runs a play that sleeps, which is cancelled once the sleep has started. Two durations:
until the run's end is in the database, and until /proc has no process with the run's marker.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from automation.models import Playbook, Run
from bench import scenery
from bench.table import Table, spread
from bench.workers import ready_workers
from inventory.ansible import processes

GOAL_SECONDS = 2.0
TASK = {"name": "Sleep", "ansible.builtin.command": {"cmd": "sleep 300"}}


def measure(options: argparse.Namespace) -> Table:
    playbook = scenery.playbook("cancel_to_dead", [TASK])
    table = Table(
        f"From a committed cancel to the end (goal: p95 of both ≤ {GOAL_SECONDS:.0f} s)",
        ["until", "runs", "p50", "p95", "longest"],
    )
    with ready_workers():
        times = [_cancelled(playbook) for _ in range(options.cancels)]
    ended, dead = zip(*times, strict=True)
    table.add("the end is in the database", len(times), *spread(ended))
    table.add("no process is left", len(times), *spread(dead))
    return table


def _cancelled(playbook: Playbook) -> tuple[float, float]:
    """Seconds until the run had ended, and until none of its processes was left."""
    run, _ = scenery.launched(playbook)
    _await(lambda: _sleeps(run), "the sleep")
    run.cancel(scenery.operator())
    started = time.monotonic()
    _await(lambda: not processes.find_marked(str(run.claim_token)), "the death of its processes")
    dead = time.monotonic() - started
    _await(lambda: _state(run) == Run.State.FINISHED, "the run's end")
    return time.monotonic() - started, dead


def _sleeps(run: Run) -> bool:
    run.refresh_from_db()
    pids = processes.find_marked(str(run.claim_token)) if run.claim_token else []
    return any(b"sleep\x00300" in _command_line(pid) for pid in pids)


def _command_line(pid: int) -> bytes:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes()[:10]
    except OSError:
        return b""


def _state(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def _await(condition: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"Waited {seconds:.0f} s for {what}")
        time.sleep(0.02)
