"""What a job adds to its playbook: wall time compared with a bare `ansible-playbook` run.

A job is timed from its claim until its end is committed, with all its lines. The bare run writes to
a pipe, in the same minimal environment. The order alternates from pair to pair, so that changes in
the machine's load favour neither. CPU time includes this process and all that it started: on a busy
machine it says more than wall time.
"""

import argparse
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from automation.execution.ansible_process import ansible_playbook
from automation.models import Playbook
from automation.tasks import run_next
from bench import scenery
from bench.table import Table
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Server

DEBUG = {"ansible.builtin.debug": {"msg": "A line of a small task"}}
COMMAND = {"ansible.builtin.command": {"cmd": "true"}, "changed_when": False}


@dataclass(frozen=True)
class Play:
    """Some tasks on some hosts, and by how much a job may take longer than the bare run."""

    name: str
    task: dict[str, object]
    tasks: int
    hosts: int
    goal: float


PLAYS = (
    Play("debug", DEBUG, 100, 1, 1.20),
    Play("command", COMMAND, 100, 1, 1.05),
    Play("command_10_hosts", COMMAND, 20, 10, 1.05),
)


@dataclass(frozen=True)
class Cost:
    """The cost of one run: wall seconds, CPU seconds, lines printed or stored."""

    wall: float
    cpu: float
    lines: int


Pair = tuple[Cost, Cost]
"""The bare run and the job."""


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        "A run against bare ansible-playbook, on this machine",
        ["tasks", "hosts", "pairs", "bare", "job", "ratio", "from, to", "goal", "", "CPU ratio"],
        note="Medians; a ratio is the median of the pairs' own ratios.",
    )
    _pair(scenery.playbook("warm_up", [DEBUG]), [scenery.this_machine()], 0)
    for play in PLAYS:
        tasks = [{"name": f"Task {number}", **play.task} for number in range(play.tasks)]
        playbook, servers = scenery.playbook(play.name, tasks), scenery.machines(play.hosts)
        _add(table, play, [_pair(playbook, servers, number) for number in range(options.pairs)])
    return table


def _add(table: Table, play: Play, pairs: list[Pair]) -> None:
    bare = median(bare.wall for bare, _ in pairs)
    job = median(job.wall for _, job in pairs)
    ratios = [job.wall / bare.wall for bare, job in pairs]
    ratio, span = median(ratios), f"{min(ratios):.2f}, {max(ratios):.2f}"
    cpu_ratio = median(job.cpu / bare.cpu for bare, job in pairs)
    verdict = "reached" if ratio <= play.goal else "missed"
    times = (f"{bare:.2f} s", f"{job:.2f} s", f"{ratio:.3f}", span)
    what = f"{play.tasks} {play.name.partition('_')[0]}"
    goal = f"≤ {play.goal:.2f}"
    table.add(what, play.hosts, len(pairs), *times, goal, verdict, f"{cpu_ratio:.3f}")


def _pair(playbook: Playbook, servers: list[Server], number: int) -> Pair:
    """One of each, in alternating order."""
    order = (bare_run, job_run) if number % 2 else (job_run, bare_run)
    costs = {one: one(playbook, servers) for one in order}
    bare, job = costs[bare_run], costs[job_run]
    # With several hosts, every job has its own headings.
    if len(servers) == 1 and bare.lines != job.lines:
        raise RuntimeError(f"{bare.lines} lines were printed, the job has {job.lines} of them")
    return bare, job


def job_run(playbook: Playbook, servers: list[Server]) -> Cost:
    """Claimed and run by this process, as a worker would."""
    run, _ = scenery.launched(playbook, servers)
    started, cpu = perf_counter(), _cpu_seconds()
    done = run_next()
    wall, cpu = perf_counter() - started, _cpu_seconds() - cpu
    if done != f"run {run.pk}":
        raise RuntimeError(f"Another run was taken: {done}")
    return Cost(wall, cpu, sum(job.last_line_number for job in scenery.all_succeeded(run)))


def bare_run(
    playbook: Playbook,
    servers: list[Server],
    program: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """`environment` is added to the few variables that the program inherits."""
    with tempfile.TemporaryDirectory() as name:
        inventory = write_inventory(Path(name), servers)
        program = program or str(ansible_playbook())
        command = [program, "-i", str(inventory), "--forks", "5", playbook.path]
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        env = {**kept, "LANG": "C.UTF-8", **(environment or {})}
        started, cpu = perf_counter(), _cpu_seconds()
        printed = subprocess.run(
            command, stdout=subprocess.PIPE, check=True, cwd=playbook.path.parent, env=env
        ).stdout
        return Cost(perf_counter() - started, _cpu_seconds() - cpu, printed.count(b"\n"))


def _cpu_seconds() -> float:
    """CPU seconds of this process and of its ended children."""
    return sum(os.times()[:4])
