"""What 10,000 other servers in the inventory add to the start of a run.

Runs a play of one task on a server that is alone in its inventory, and on one with 10,000
neighbours there, which are written to its inventory so that plays can name them. The two take
turns. A job is timed from its claim until its end is committed.
"""

import argparse
from statistics import median
from time import perf_counter

from django.db import transaction

from automation.models import Job, Playbook
from automation.tasks import run_next
from bench import scenery
from bench.table import Table
from inventory.models import Inventory, Server

NEIGHBOURS = 10_000
GOAL_SECONDS = 1.5
TASK = {"name": "One task", "ansible.builtin.debug": {"msg": "started"}}


def measure(options: argparse.Namespace) -> Table:
    playbook = scenery.playbook("many_servers", [TASK])
    alone, crowded = _target("alone"), _target("crowded")
    _settle(NEIGHBOURS, crowded.inventory)
    table = Table(
        f"One target with {NEIGHBOURS:,} neighbours against one alone: a job of one task",
        ["pairs", "alone", "crowded", "added", "lowest and highest", "goal", ""],
        note="Medians; what is added is the median of the pairs' own differences.",
    )
    _seconds(playbook, alone)  # warm up
    pairs = [_pair(playbook, alone, crowded, number) for number in range(options.pairs)]
    added = [second - first for first, second in pairs]
    first, second = (f"{median(seconds):.2f} s" for seconds in zip(*pairs, strict=True))
    span = f"{min(added):.2f} to {max(added):.2f}"
    verdict = "reached" if median(added) <= GOAL_SECONDS else "missed"
    shown = f"{median(added):.2f} s"
    table.add(len(pairs), first, second, shown, span, f"≤ {GOAL_SECONDS} s", verdict)
    Server.objects.filter(inventory=crowded.inventory).exclude(pk=crowded.pk).delete()
    return table


def _pair(playbook: Playbook, alone: Server, crowded: Server, number: int) -> tuple[float, float]:
    """Seconds for (alone, crowded), in alternating order."""
    order = (alone, crowded) if number % 2 else (crowded, alone)
    measured = {server.pk: _seconds(playbook, server) for server in order}
    return measured[alone.pk], measured[crowded.pk]


def _seconds(playbook: Playbook, server: Server) -> float:
    run = scenery.launch(playbook, [server])
    started = perf_counter()
    done = run_next()
    seconds = perf_counter() - started
    job = run.jobs.get()
    if done != f"run {run.pk}" or job.status != Job.Status.SUCCESS:
        raise RuntimeError(f"{done}; {job} is {job.status}: {job.error_message}")
    return seconds


def _target(name: str) -> Server:
    """This machine again, in an inventory of its own."""
    local = {"variables": scenery.this_machine().variables, "ip_address": "127.0.0.1"}
    inventory = Inventory.objects.get_or_create(name=name)[0]
    return Server.objects.create(hostname=f"here@{name}", inventory=inventory, **local)


def _settle(count: int, inventory: Inventory) -> None:
    """Create servers with typical data: address, port, user, tags and a variable."""
    with transaction.atomic():
        Server.objects.bulk_create(
            [
                Server(
                    hostname=f"web{number}.example.com@{inventory}",
                    inventory=inventory,
                    ip_address=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
                    ssh_user="deploy",
                    tags={"role": ("web", "db", "cache")[number % 3], "rack": f"r{number % 40}"},
                    variables={"http_port": 8080, "cluster": f"c{number % 100}"},
                )
                for number in range(count)
            ],
            batch_size=1000,
        )
