"""How long a launched run waits for a free worker: from the commit of its launch to its claim.

A real `qcluster` takes the runs one after the other. Each is launched at a random time after the
previous one has ended, so that none benefits from the queue's own rhythm.
"""

import argparse
import random
import time

from automation.models import Playbook, Run
from bench import scenery
from bench.table import Table, spread
from bench.workers import finished, ready_workers

TASK = {"name": "Say something", "ansible.builtin.debug": {"msg": "picked up"}}


def measure(options: argparse.Namespace) -> Table:
    playbook = scenery.playbook("queue_pickup", [TASK])
    table = Table(
        "From a committed launch to the claim, by an idle worker",
        ["queue", "launches", "p50", "p95", "longest"],
    )
    with ready_workers() as queue:
        waits = [_wait(playbook) for _ in range(options.launches)]
    table.add(queue, len(waits), *spread(waits))
    return table


def _wait(playbook: Playbook) -> float:
    """Seconds that one run has waited."""
    time.sleep(random.uniform(0.1, 0.5))
    run, committed_at = scenery.launched(playbook)
    run = finished(run)
    scenery.succeeded(run)
    return _claimed_at(run) - committed_at.timestamp()


def _claimed_at(run: Run) -> float:
    assert run.started_at is not None
    return run.started_at.timestamp()
