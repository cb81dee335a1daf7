"""What a job adds to its playbook: wall time against bare `ansible-playbook` of the same files.

A job counts from its claim until its end is committed, with all of its lines. The bare run writes
to a pipe, in the same scrubbed environment. They take turns, and each pair begins with the other
one, so that a machine that gets busier or quieter favours neither.
"""

import argparse
import os
import subprocess
import tempfile
from itertools import starmap
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

Pair = tuple[float, float]
"""Seconds of the bare run and of the job."""


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        f"A job against bare ansible-playbook: {TASKS} tasks on localhost",
        ["task", "pairs", "bare", "job", "ratio", "lowest and highest", "goal", ""],
        note="Medians; the ratio is the median of the pairs' own ratios.",
    )
    _pair(scenery.playbook("warm_up", [DEBUG]), 0)
    for name, (task, goal) in PLAYS.items():
        tasks = [{"name": f"Task {number}", **task} for number in range(TASKS)]
        playbook = scenery.playbook(name, tasks)
        _add(table, name, [_pair(playbook, number) for number in range(options.pairs)], goal)
    return table


def _add(table: Table, name: str, pairs: list[Pair], goal: float) -> None:
    bare, job = (f"{median(seconds):.2f} s" for seconds in zip(*pairs, strict=True))
    ratios = list(starmap(lambda bare, job: job / bare, pairs))
    ratio, span = median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}"
    verdict = "reached" if ratio <= goal else "missed"
    table.add(name, len(pairs), bare, job, f"{ratio:.3f}", span, f"≤ {goal:.2f}", verdict)


def _pair(playbook: Playbook, number: int) -> Pair:
    """One of each, every other time in the other order."""
    measured = {one: one(playbook) for one in ((_bare, _job) if number % 2 else (_job, _bare))}
    (bare, printed), (job, written) = measured[_bare], measured[_job]
    if printed != written:
        raise RuntimeError(f"{printed} lines were printed, the job has {written} of them")
    return bare, job


def _job(playbook: Playbook) -> tuple[float, int]:
    """(seconds, lines) of a job that this process claims and sees through, as a worker does."""
    run, _ = scenery.launched(playbook)
    started = perf_counter()
    done = run_next()
    seconds = perf_counter() - started
    if done != f"run {run.pk}":
        raise RuntimeError(f"Another run was taken: {done}")
    return seconds, scenery.succeeded(run).last_line_number


def _bare(playbook: Playbook) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as name:
        inventory = write_inventory(Path(name), [scenery.this_machine()])
        command = [str(ansible_playbook()), "-i", str(inventory), "--forks", "5", playbook.path]
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        where = {"cwd": playbook.path.parent, "env": {**kept, "LANG": "C.UTF-8"}}
        started = perf_counter()
        printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, **where).stdout
        return perf_counter() - started, printed.count(b"\n")
