"""A run's processes on this machine, found by a marker in their environment.

ansible-core starts its workers in sessions of their own, so neither a process group nor a parent
pid finds them all; an environment variable is inherited by every one.
"""

import contextlib
import functools
import hashlib
import os
import signal
import uuid
from datetime import datetime
from pathlib import Path

MARKER = "INFRAOPS_RUN"
PLACE_LENGTH = 12
# The index of the start time in the fields from `_status`.
STARTED = 19


def find_marked(token: str) -> list[int]:
    """The pids of all live processes with this token. Needs /proc, so Linux."""
    wanted = f"{MARKER}={token}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and wanted in _environment(entry) and not _is_zombie(entry):
            found.append(int(entry.name))
    return found


def terminate(token: str) -> None:
    """SIGTERM to ansible-playbook, which stops its workers. It is our shell's child."""
    for pid in find_marked(token):
        if _parent_of(_parent_of(pid)) == os.getpid():
            _signal(pid, signal.SIGTERM)


def kill_marked(token: str) -> int:
    """SIGKILL to all processes with this token. Returns their number."""
    survivors = find_marked(token)
    for pid in survivors:
        _signal(pid, signal.SIGKILL)
    return len(survivors)


@functools.cache
def place() -> str:
    """Hex digits for this boot and, in a container, its pid namespace.

    Elsewhere the same pid is another process, even on a host of the same name.
    """
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    numbering = Path("/proc/self/ns/pid").readlink()
    return hashlib.sha256(f"{boot} {numbering}".encode()).hexdigest()[:PLACE_LENGTH]


def new_token() -> str:
    """A random UUID whose last group is `place()`."""
    return str(uuid.uuid4())[:-PLACE_LENGTH] + place()


def lives_since(pid: int, moment: datetime) -> bool:
    """True if the process exists and had started by then: pids are reused."""
    fields = _status(Path("/proc") / str(pid))
    if fields[0] == "Z":
        return False
    ticks = int(fields[STARTED]) / os.sysconf("SC_CLK_TCK")
    # The start time is in hundredths of a second, the boot time in whole seconds.
    return _booted_at() + ticks <= moment.timestamp() + 2


def _booted_at() -> float:
    """Seconds since 1970."""
    lines = Path("/proc/stat").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("btime ")).split()[1])


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or of another user
        return []


def _status(entry: Path) -> list[str]:
    """The fields of /proc/<pid>/stat after the command's name: state, parent …"""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["Z", "0"]


def _is_zombie(entry: Path) -> bool:
    return _status(entry)[0] == "Z"


def _parent_of(pid: int) -> int:
    return int(_status(Path("/proc") / str(pid))[1])
