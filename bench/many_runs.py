"""Many short runs through the queue, compared with as many bare runs, two at a time."""

import argparse
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from automation.execution.ansible_process import ansible_playbook
from automation.models import Job, Playbook, Run
from bench import scenery
from bench.table import Table
from bench.workers import ready_workers
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Inventory, Server

AT_ONCE = 2  # WORKERS in bench.sandbox
GOAL = 1.30
TASK = {"name": "One task", "ansible.builtin.debug": {"msg": "done"}}


def measure(options: argparse.Namespace) -> Table:
    playbook = scenery.playbook("many_runs", [TASK])
    servers = [_server(number) for number in range(options.runs)]
    table = Table(
        f"{options.runs} runs of one task, {AT_ONCE} at a time: queued, against bare",
        ["runs", "bare", "queued", "ratio", "goal", ""],
    )
    bare = _bare(playbook, servers)
    queued = _queued(playbook, servers)
    ratio = queued / bare
    verdict = "reached" if ratio <= GOAL else "missed"
    shown = (f"{bare:.1f} s", f"{queued:.1f} s", f"{ratio:.2f}")
    table.add(options.runs, *shown, f"≤ {GOAL:.2f}", verdict)
    return table


def _server(number: int) -> Server:
    """This machine in another inventory: two runs on one server would wait for each other."""
    local = {"variables": scenery.this_machine().variables, "ip_address": "127.0.0.1"}
    inventory = Inventory.objects.create(name=f"run{number}")
    return Server.objects.create(hostname=f"here@run{number}", inventory=inventory, **local)


def _queued(playbook: Playbook, servers: list[Server]) -> float:
    """Seconds from the first launch to the last end."""
    with ready_workers():
        started = time.monotonic()
        runs = [scenery.launch(playbook, [server]).pk for server in servers]
        while Run.objects.filter(pk__in=runs).exclude(state=Run.State.FINISHED).exists():
            time.sleep(0.1)
        seconds = time.monotonic() - started
    if Job.objects.filter(run__in=runs).exclude(status=Job.Status.SUCCESS).exists():
        raise RuntimeError("A run did not succeed")
    return seconds


def _bare(playbook: Playbook, servers: list[Server]) -> float:
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}

    def run(server: Server) -> None:
        with tempfile.TemporaryDirectory() as name:
            inventory = write_inventory(Path(name), [server])
            command = [str(ansible_playbook()), "-i", str(inventory), str(playbook.path)]
            environment = {**kept, "LANG": "C.UTF-8"}
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)

    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run, servers))
    return time.monotonic() - started
