"""Measures what a job costs, how long it waits, and how fast pages are: `make bench`.

Uses a temporary folder and a database of its own: SQLite in that folder, or an empty MySQL or
MariaDB database. To run a single script: `make bench ARGS="queue_pickup --launches 100"`.
"""

import argparse
import sys
from importlib import import_module

from bench import machine, results
from bench.sandbox import sandbox

SCRIPTS = (
    "run_overhead",
    "beside_ara",
    "queue_pickup",
    "line_delay",
    "cancel_to_dead",
    "launches",
    "many_runs",
    "many_servers",
    "inventories",
    "log_in_browser",
    "slow_line",
    "under_load",
    "audit_seals",
    # The last one: what it makes up would stand in the others' way.
    "pages",
)


def main() -> int:
    options = parsed()
    load = machine.load()
    with sandbox(options.database, options.redis) as database:
        lines = [machine.described(database, load)]
        print(lines[0], flush=True)
        for name in options.scripts or SCRIPTS:
            # Imported here, as models need Django to be set up.
            lines.append(import_module(f"bench.{name}").measure(options).markdown())
            print(f"\n{lines[-1]}", flush=True)
    if options.write:
        return results.write(database, lines, load)
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help=", ".join(SCRIPTS))
    parser.add_argument("--database", metavar="URL", help="an empty one: mysql://user:…@host/name")
    parser.add_argument("--redis", metavar="URL", help="carry wake-ups there, not in the database")
    parser.add_argument("--pairs", type=int, default=5, help="bare run and job, of each play")
    parser.add_argument("--launches", type=int, default=30, help="for the time in the queue")
    parser.add_argument("--cancels", type=int, default=20, help="how many runs are cancelled")
    parser.add_argument("--accepted", type=int, default=300, help="launches through the API")
    parser.add_argument("--runs", type=int, default=100, help="short ones through the queue")
    parser.add_argument("--scale", choices=("small", "large"), default="large", help="of pages")
    parser.add_argument("--asked", type=int, default=30, help="how often each page is asked for")
    parser.add_argument("--write", action="store_true", help="into bench/RESULTS.md")
    options = parser.parse_args()
    if options.write and options.scripts:
        parser.error("--write keeps a whole measurement: name no script with it")
    if unknown := set(options.scripts) - set(SCRIPTS):
        parser.error(f"no such script: {', '.join(sorted(unknown))}")
    return options


sys.exit(main())
