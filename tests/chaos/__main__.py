"""Disturbs a whole installation at random, and checks its invariants: `make chaos`.

Runs are launched, cancelled and followed on real workers, while workers are killed and suspended,
clusters die, the database goes down or loses answers to commits, ansible is killed, and the disk
for runs is full. The plan comes from the seed: the same seed launches and disturbs the same things
at the same times, though not to the millisecond.
"""

import argparse
import logging
import os
import random
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import django

from tests.chaos import confined
from tests.chaos.databases import chosen


def main() -> int:
    options = parsed()
    signal.signal(signal.SIGTERM, end)
    arguments = [*sys.argv[1:], f"--seed={options.seed}"]
    if (status := confined.run_inside("tests.chaos", arguments)) is not None:
        return status
    print(f"Seed {options.seed}, database {options.database.rpartition('@')[2]}", flush=True)
    # The test settings create folders and a database of their own.
    for name in ("INFRAOPS_TEST_FOLDER", "DATABASE_URL"):
        os.environ.pop(name, None)
    with chosen(options.database) as database:
        if database.url:
            os.environ["DATABASE_URL"] = database.url
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
        django.setup()
        logging.disable()  # in this process; the others write their own logs
        # Imported here, as models need Django to be set up.
        session = import_module("tests.chaos.session")
        return int(session.run(options, database, is_confined=confined.is_inside()))


def end(*_unused: Any) -> None:
    sys.exit("Asked to stop.")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="how many are launched (100)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the plan")
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, mariadb (a private one), or a URL"
    )
    parser.add_argument("--minutes", type=float, default=60, help="then nothing more is launched")
    parser.add_argument("--longest", type=float, default=60, help="outage, in seconds (60)")
    parser.add_argument("--pause", type=float, default=8, help="seconds between two disturbances")
    parser.add_argument("--playbooks", nargs="*", help="only these of the load's")
    parser.add_argument("--kinds", nargs="*", help="only these kinds of disturbance")
    parser.add_argument("--logs", type=Path, help="keep what workers and console say, in there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
