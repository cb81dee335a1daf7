"""The processes of a run on this machine: found by the marker in their environment.

ansible-core starts its own workers in sessions of their own, so neither a process group nor a
parent's number finds them all; an environment variable is inherited by every one.
"""

import contextlib
import os
import signal
from pathlib import Path

MARKER = "INFRAOPS_RUN"


def marked(token: str) -> list[int]:
    """Process ids of everything alive that carries the token. Needs /proc, so Linux."""
    wanted = f"{MARKER}={token}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and wanted in _environment(entry) and not _is_zombie(entry):
            found.append(int(entry.name))
    return found


def terminate(token: str) -> None:
    """SIGTERM to the leader, this process's own child: ansible-playbook tells its workers."""
    for pid in marked(token):
        if _parent_of(pid) == os.getpid():
            _signal(pid, signal.SIGTERM)


def sweep(token: str) -> int:
    """SIGKILL to everything that carries the token; how many there were."""
    survivors = marked(token)
    for pid in survivors:
        _signal(pid, signal.SIGKILL)
    return len(survivors)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or somebody else's
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
