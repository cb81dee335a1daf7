"""Runs the whole suite on SQLite and on MariaDB (`make test`).

    python -m tests.run [what pytest takes: paths, -k words, -m marks …]

Four legs run in parallel, each with its own servers, folders and database: two run the tests that
must pass on both databases, and two run half each of the tests marked `on_either` (a browser, or a
real playbook, for which the database does not matter). Every leg waits at times, for a page or for
an outage to end, so four of them keep two cores busy. The first leg's output is shown as it comes,
that of the others when all have ended. TEST_DATABASE_URL names a server
(mysql://user:password@host:port/name) to use instead of a private MariaDB; its user must be allowed
to create the databases test_<name> and test_<name>_either.
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
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.private_servers import MariaDB

ROOT = Path(__file__).resolve().parent.parent
# Printed at the end of each leg.
SLOWEST = "--durations=10"


@dataclass
class Leg:
    """Part of the suite, on one database; `number` is the one that pytest's `--leg` takes."""

    name: str
    number: int
    database_url: str
    output: IO[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0

    def start(self, arguments: list[str]) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environment.pop("INFRAOPS_TEST_FOLDER", None)
        # Keep compiled modules, those of the tests as well, whatever the caller prefers.
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
            stdout=self.output,
            stderr=subprocess.STDOUT if self.output else None,
        )

    @property
    def has_ended(self) -> bool:
        """True once the process has ended; sets `seconds` when first true."""
        assert self.process is not None
        if self.process.poll() is None:
            return False
        self.seconds = self.seconds or time.monotonic() - self.started
        return True

    @property
    def status(self) -> int:
        assert self.process is not None
        return self.process.wait()

    def show(self) -> None:
        if self.output is not None:
            say(f"{self.name}:")
            self.output.seek(0)
            for line in self.output:
                sys.stdout.buffer.write(line)


def main(arguments: list[str]) -> int:
    with ExitStack() as stack:
        server = os.environ.get("TEST_DATABASE_URL")
        name = without_password(server) if server else "MariaDB"
        say(f"The suite runs on SQLite and on {name}, side by side.")
        url = server or stack.enter_context(MariaDB()).url
        legs = [
            Leg("SQLite", 0, ""),
            Leg(name, 1, url),
            Leg("either, on SQLite", 2, ""),
            Leg(f"either, on {name}", 3, with_another_name(url)),
        ]
        for leg in legs[1:]:
            leg.output = stack.enter_context(tempfile.TemporaryFile())
        return run_all(legs, arguments)


def run_all(legs: list[Leg], arguments: list[str]) -> int:
    """0 if all passed."""
    try:
        say(f"{legs[0].name}:")
        for leg in legs:
            leg.start(arguments)
        while not all([leg.has_ended for leg in legs]):
            time.sleep(0.2)
    finally:
        for leg in legs:
            if leg.process is not None and leg.process.poll() is None:
                leg.process.terminate()
                leg.process.wait()
    for leg in legs:
        leg.show()
    for leg in legs:
        say(f"{leg.name}: {outcome(leg.status)} in {leg.seconds:.0f} s")
    return 0 if have_passed([leg.status for leg in legs]) else 1


def have_passed(statuses: list[int]) -> bool:
    """A leg may have nothing to run when tests were selected, but not every leg."""
    nothing = pytest.ExitCode.NO_TESTS_COLLECTED
    return not set(statuses) - {0, nothing} and 0 in statuses


def outcome(status: int) -> str:
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return "had nothing to run"
    return "passed" if status == 0 else f"FAILED (pytest ended with {status})"


def with_another_name(url: str) -> str:
    """Another database on the same server."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}_either"))


def without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 3306}{parts.path}"


def say(text: str) -> None:
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
