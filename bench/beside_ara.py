"""The cost of record keeping here and with ARA, compared with bare `ansible-playbook` runs.

ARA (its offline client, a callback that writes to its own SQLite file) is installed for this in a
virtual environment of its own, with the same ansible-core; InfraOps does not depend on it. The
three take turns, in a different order each time. ARA stores tasks, results and files; a job stores
log lines and task results, in the database being measured.
"""

import argparse
import subprocess
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

from automation.models import Playbook
from bench import scenery
from bench.run_overhead import COMMAND, DEBUG, Cost, Play, bare_run, job_run
from bench.table import Table
from inventory.models import Server

ARA = "ara[server]==1.8.0"
PLAYS = (
    Play("beside_ara_debug", DEBUG, 100, 1, 0),
    Play("beside_ara_command", COMMAND, 20, 10, 0),
)
WAYS = ("bare", "job", "ARA")

Way = Callable[[Playbook, list[Server]], Cost]


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        f"A job and a run that ARA records ({ARA}), against bare ansible-playbook",
        ["tasks", "hosts", "rounds", *WAYS, "job / bare", "ARA / bare"],
        note="Medians; a ratio is the median of the rounds' own ratios.",
    )
    with recorded_by_ara() as ara:
        ways: dict[str, Way] = {"bare": bare_run, "job": job_run, "ARA": ara}
        for play in PLAYS:
            tasks = [{"name": f"Task {number}", **play.task} for number in range(play.tasks)]
            playbook, servers = scenery.playbook(play.name, tasks), scenery.machines(play.hosts)
            rounds = [_round(ways, playbook, servers, n) for n in range(options.pairs)]
            _add(table, play, rounds)
    return table


@contextmanager
def recorded_by_ara() -> Iterator[Way]:
    """A bare run with ARA's callback; installs ARA first."""
    with tempfile.TemporaryDirectory(prefix="infraops-ara-") as name:
        folder = Path(name)
        python = folder / "bin" / "python"
        venv.create(folder, with_pip=True)
        wanted = [f"ansible-core=={version('ansible-core')}", ARA]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        ask = [python, "-m", "ara.setup.callback_plugins"]
        plugins = subprocess.run(ask, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
        added = {"ANSIBLE_CALLBACK_PLUGINS": plugins, "ARA_BASE_DIR": str(folder / "records")}
        recorded = partial(
            bare_run, program=str(folder / "bin" / "ansible-playbook"), environment=added
        )
        # The first run creates ARA's database.
        recorded(scenery.playbook("beside_ara", [DEBUG]), [scenery.this_machine()])
        yield recorded


def _round(
    ways: dict[str, Way], playbook: Playbook, servers: list[Server], number: int
) -> dict[str, float]:
    """Seconds for each way, starting with a different one each time."""
    first = number % len(WAYS)
    order = WAYS[first:] + WAYS[:first]
    return {name: ways[name](playbook, servers).wall for name in order}


def _add(table: Table, play: Play, rounds: list[dict[str, float]]) -> None:
    times = [f"{median(one[name] for one in rounds):.2f} s" for name in WAYS]
    ratios = [f"{median(one[name] / one['bare'] for one in rounds):.2f}" for name in ("job", "ARA")]
    what = f"{play.tasks} {play.name.rpartition('_')[2]}"
    table.add(what, play.hosts, len(rounds), *times, *ratios)
