"""What a job adds to its playbook: wall time against bare `ansible-playbook` of the same files.

A job counts from its claim until its end is committed, with all of its lines. The bare run writes
to a pipe, in the same scrubbed environment. They take turns, and each pair begins with the other
one, so that a machine that gets busier or quieter favours neither. CPU time is that of this process
and of everything that it has started: on a busy machine it says more than the clock.
"""

import argparse
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from automation.models import Playbook
from automation.runner import ansible_playbook
from automation.tasks import run_next
from bench import scenery
from bench.table import Table
from inventory.inventory_file import write_inventory

TASKS = 100
DEBUG = {"ansible.builtin.debug": {"msg": "A line of a small task"}}
COMMAND = {"ansible.builtin.command": {"cmd": "true"}, "changed_when": False}
# By the name of the play: its task, and by how much a job may take longer than the bare run.
Goal = tuple[dict[str, Any], float]
PLAYS: dict[str, Goal] = {"debug": (DEBUG, 1.20), "command": (COMMAND, 1.05)}


@dataclass(frozen=True)
class Cost:
    """Of one run of a play: seconds on the clock, seconds of CPU, lines printed or written."""

    wall: float
    cpu: float
    lines: int


Pair = tuple[Cost, Cost]
"""The bare run and the job."""


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        f"A job against bare ansible-playbook: {TASKS} tasks on localhost",
        ["task", "pairs", "bare", "job", "ratio", "from, to", "goal", "", "CPU ratio"],
        note="Medians; a ratio is the median of the pairs' own ratios.",
    )
    _pair(scenery.playbook("warm_up", [DEBUG]), 0)
    for name, (task, goal) in PLAYS.items():
        tasks = [{"name": f"Task {number}", **task} for number in range(TASKS)]
        playbook = scenery.playbook(name, tasks)
        _add(table, name, [_pair(playbook, number) for number in range(options.pairs)], goal)
    return table


def _add(table: Table, name: str, pairs: list[Pair], goal: float) -> None:
    bare = median(bare.wall for bare, _ in pairs)
    job = median(job.wall for _, job in pairs)
    ratios = [job.wall / bare.wall for bare, job in pairs]
    ratio, span = median(ratios), f"{min(ratios):.2f}, {max(ratios):.2f}"
    cpu_ratio = median(job.cpu / bare.cpu for bare, job in pairs)
    verdict = "reached" if ratio <= goal else "missed"
    times = (f"{bare:.2f} s", f"{job:.2f} s", f"{ratio:.3f}", span)
    table.add(name, len(pairs), *times, f"≤ {goal:.2f}", verdict, f"{cpu_ratio:.3f}")


def _pair(playbook: Playbook, number: int) -> Pair:
    """One of each, every other time in the other order."""
    costs = {one: one(playbook) for one in ((_bare, _job) if number % 2 else (_job, _bare))}
    bare, job = costs[_bare], costs[_job]
    if bare.lines != job.lines:
        raise RuntimeError(f"{bare.lines} lines were printed, the job has {job.lines} of them")
    return bare, job


def _job(playbook: Playbook) -> Cost:
    """Claimed and seen through by this process, as a worker does."""
    run, _ = scenery.launched(playbook)
    started, cpu = perf_counter(), _cpu_seconds()
    done = run_next()
    wall, cpu = perf_counter() - started, _cpu_seconds() - cpu
    if done != f"run {run.pk}":
        raise RuntimeError(f"Another run was taken: {done}")
    return Cost(wall, cpu, scenery.succeeded(run).last_line_number)


def _bare(playbook: Playbook) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        inventory = write_inventory(Path(name), [scenery.this_machine()])
        command = [str(ansible_playbook()), "-i", str(inventory), "--forks", "5", playbook.path]
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        where = {"cwd": playbook.path.parent, "env": {**kept, "LANG": "C.UTF-8"}}
        started, cpu = perf_counter(), _cpu_seconds()
        printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, **where).stdout
        return Cost(perf_counter() - started, _cpu_seconds() - cpu, printed.count(b"\n"))


def _cpu_seconds() -> float:
    """Of this process and of the children that have ended."""
    return sum(os.times()[:4])
