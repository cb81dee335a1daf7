"""Start and stop the processes of console and worker."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

MANAGE = Path(settings.BASE_DIR) / "manage.py"


# Workers, and the playbooks they run, yield the processor to the console on the same machine; if
# nothing else needs it, they get all of it.
NICENESS = 10


def start(
    *arguments: str, niceness: int = 0, ends_with_us: bool = False, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C in the terminal reaches us but not it.

    With `ends_with_us`, the kernel sends it SIGTERM when the calling thread has ended, however that
    came about; gunicorn and run_worker then stop gracefully.
    """
    command = ["nice", "-n", str(niceness), sys.executable, *arguments]
    if ends_with_us and shutil.which("setpriv"):
        command = ["setpriv", "--pdeathsig", "TERM", *command]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True, **options)


def start_worker(
    output: IO[bytes] | None = None, *, ends_with_us: bool = False
) -> subprocess.Popen[bytes]:
    streams: dict[str, Any] = {"stdout": output, "stderr": subprocess.STDOUT}
    return start(str(MANAGE), "run_worker", niceness=NICENESS, ends_with_us=ends_with_us, **streams)


def stop(child: subprocess.Popen[bytes], *, within_seconds: float | None = None) -> None:
    """Stop it gracefully; SIGKILL to its whole session after `within_seconds`."""
    child.terminate()
    try:
        child.wait(within_seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker within the block; its output goes to `log`."""
    with log.open("wb") as output:
        child = start_worker(output)
        try:
            yield child
        finally:
            stop(child, within_seconds=30)
