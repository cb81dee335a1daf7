"""Runs the whole suite on SQLite and on MariaDB (`make test`).

    python -m tests.run [what pytest takes: paths, -k words, -m marks …]

The two legs run in parallel, each with its own servers, folders and database, which halves the time
on two cores. Tests marked `on_either` (a browser, or a real playbook, for which the database does
not matter) run in one of them, about half of them in each. The second leg's output is shown when
the first has ended. TEST_DATABASE_URL names a server (mysql://user:password@host:port/name) to use
instead of a private MariaDB; its user must be allowed to create the database test_<name>.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.private_servers import MariaDB

ROOT = Path(__file__).resolve().parent.parent
# Printed at the end of each leg.
SLOWEST = "--durations=10"


@dataclass
class Leg:
    """The suite on one database."""

    name: str
    number: int
    database_url: str
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0

    def start(self, arguments: list[str], output: IO[bytes] | None) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environment.pop("INFRAOPS_TEST_FOLDER", None)
        # What is compiled once, tests as well, need not be compiled again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        # Without it, the suite creates an SQLite database in a temporary folder.
        environment.pop("DATABASE_URL", None)
        if self.database_url:
            environment["DATABASE_URL"] = self.database_url
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", f"--leg={self.number}", SLOWEST, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        )

    def wait(self) -> int:
        assert self.process is not None
        status = self.process.wait()
        self.seconds = time.monotonic() - self.started
        return status


def main(arguments: list[str]) -> int:
    with ExitStack() as stack:
        server = os.environ.get("TEST_DATABASE_URL")
        if server:
            say(f"The suite runs on SQLite and on {without_password(server)}, side by side.")
            second = Leg(without_password(server), 1, server)
        else:
            say("The suite runs on SQLite and on a private MariaDB, side by side.")
            second = Leg("MariaDB", 1, stack.enter_context(MariaDB()).url)
        output = stack.enter_context(tempfile.TemporaryFile())
        return run_both(Leg("SQLite", 0, ""), second, arguments, output)


def run_both(first: Leg, second: Leg, arguments: list[str], output: IO[bytes]) -> int:
    """0 if both passed. The second one's output goes to the file, and is printed afterwards."""
    legs = [first, second]
    try:
        say(f"{first.name}:")
        first.start(arguments, None)
        second.start(arguments, output)
        statuses = [leg.wait() for leg in legs]
    finally:
        for leg in legs:
            if leg.process is not None and leg.process.poll() is None:
                leg.process.terminate()
                leg.process.wait()
    say(f"{second.name}:")
    output.seek(0)
    for line in output:
        sys.stdout.buffer.write(line)
    for leg, status in zip(legs, statuses, strict=True):
        said = "passed" if status == 0 else f"FAILED (pytest ended with {status})"
        say(f"{leg.name}: {said} in {leg.seconds:.0f} s")
    return 1 if any(statuses) else 0


def without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 3306}{parts.path}"


def say(text: str) -> None:
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
