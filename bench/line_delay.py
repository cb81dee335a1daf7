"""How old a log line is when others can read it: from Ansible's event to the committed row.

A line's time is that of its event, taken inside ansible-playbook. Another process polls for new
lines on its own connection and notes when it gets them. So no figure is too low, and none is too
high by more than one query and the pause before it. Both clocks are this machine's.
"""

import argparse
import time
from typing import Any

from automation.models import Job, Run
from bench import scenery
from bench.table import Table, spread
from bench.workers import ready_workers

PAUSE_SECONDS = 0.005
ROUNDS = 30
BURST = 20


def measure(options: argparse.Namespace) -> Table:
    playbook = scenery.playbook("line_delay", _chatty())
    table = Table(
        "From a line's event to its row, read by another connection",
        ["lines", "p50", "p95", "longest"],
        note=f"A play of bursts ({BURST} lines at once) and silences; asked for new lines every "
        f"{PAUSE_SECONDS * 1000:.0f} ms.",
    )
    with ready_workers():
        run, _ = scenery.launched(playbook)
        delays = _delays(run)
    scenery.succeeded(run)
    table.add(len(delays), *spread(delays))
    return table


def _chatty() -> list[dict[str, Any]]:
    """Tasks that print one line, then many at once, then nothing for a while, repeatedly."""
    burst = "{{ range(" + str(BURST) + ") | map('string') | list }}"
    tasks: list[dict[str, Any]] = []
    for number in range(ROUNDS):
        tasks += [
            {"name": f"One {number}", "ansible.builtin.debug": {"msg": "a single line"}},
            {"name": f"Burst {number}", "ansible.builtin.debug": {"msg": burst}},
            {"name": f"Silence {number}", "ansible.builtin.command": "sleep 0.4"},
        ]
    return tasks


def _delays(run: Run) -> list[float]:
    """Seconds for each line, in order, until the run has ended and no line is left."""
    job, last, delays = run.jobs.get(), 0, []
    while True:
        ended = Run.objects.filter(pk=run.pk, state=Run.State.FINISHED).exists()
        lines = _lines(job, last)
        read_at = time.time()
        delays += [read_at - at for _, at in lines]
        if ended and not lines:
            return delays
        last = lines[-1][0] if lines else last
        time.sleep(PAUSE_SECONDS)


def _lines(job: Job, after: int) -> list[tuple[int, float]]:
    """(line number, time of its event) for new lines."""
    rows = job.logs.filter(line_number__gt=after).order_by("line_number")
    return [(n, at.timestamp()) for n, at in rows.values_list("line_number", "timestamp")]
