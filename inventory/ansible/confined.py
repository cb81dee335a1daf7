"""Run a program that reads an inventory: with a deadline, limits, and an end for all it starts."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings

from . import processes

# Of what the program says to stderr.
LONGEST_SAID = 20_000
# A process that is being forked may be missed once.
SWEEPS = 20


@dataclass(frozen=True)
class Limits:
    """In seconds, and in bytes of memory and of each file that is written."""

    seconds: int
    memory: int
    file_size: int


@dataclass(frozen=True)
class Ended:
    """How the program ended: its status, what it printed, and what it said to stderr."""

    status: int
    printed: bytes
    said: str


def run_confined(
    command: Sequence[str], *, cwd: Path, environment: dict[str, str], scratch: Path, limits: Limits
) -> Ended:
    """Run it with this environment and no other. Its output passes through files in `scratch`.

    Nothing that it has started outlives it. Raises subprocess.TimeoutExpired.
    """
    token = processes.new_token()
    output, errors = scratch / "printed", scratch / "said"
    with output.open("wb") as printed, errors.open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, processes.MARKER: token},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            start_new_session=True,
            umask=int(settings.ANSIBLE_UMASK, 8),
            preexec_fn=partial(_confine, limits),
        )
    try:
        status = process.wait(limits.seconds)
    finally:
        _end_all(process, token)
    with errors.open("rb") as said:
        heard = said.read(LONGEST_SAID).decode(errors="replace")
    return Ended(status, output.read_bytes(), heard.strip())


def _confine(limits: Limits) -> None:
    """Limit this process: a few lines of YAML with aliases can stand for any amount of text."""
    wanted = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        # A limit that this process has already may be lower, and cannot be raised.
        present = [each for each in resource.getrlimit(kind) if each != resource.RLIM_INFINITY]
        least = min([most, *present])
        resource.setrlimit(kind, (least, least))


def _end_all(process: subprocess.Popen[bytes], token: str) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(SWEEPS):
        if not processes.kill_marked(token):
            return
        time.sleep(0.05)
