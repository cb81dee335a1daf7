"""The console's and the worker's processes, started and ended together."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

MANAGE = Path(settings.BASE_DIR) / "manage.py"


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """A child in a session of its own: Ctrl-C in the terminal reaches us and not it.

    Both gunicorn and run_worker end politely when their main process alone gets SIGTERM; a signal
    to all of a cluster's processes ends its workers in mid-job and leaves the cluster hanging.
    """
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=settings.BASE_DIR, start_new_session=True, **options
    )


def start_worker(output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    return start(str(MANAGE), "run_worker", stdout=output, stderr=subprocess.STDOUT)


def stop(child: subprocess.Popen[bytes], *, within_seconds: float | None = None) -> None:
    """End it politely; SIGKILL to its whole session if it takes longer than it may."""
    child.terminate()
    try:
        child.wait(within_seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker for as long as the block lasts; what it says goes to `log`."""
    with log.open("wb") as output:
        child = start_worker(output)
        try:
            yield child
        finally:
            stop(child, within_seconds=30)
