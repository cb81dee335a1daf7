"""Folders with secrets in them, that are gone when their process is.

Each is locked for as long as its process lives: the kernel lets go of the lock however the process
ends. A folder that somebody else can lock has lost its process, and a worker that starts removes
it. No process number is compared, so a number that comes again does no harm.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN_PREFIX = "infraops-run-"
CONTROL_PREFIX = "infraops-ssh-"


@contextmanager
def private_folder(prefix: str, root: str | None) -> Iterator[Path]:
    """A new folder (mode 0700), locked, and removed at the end."""
    path, lock = _made_and_locked(prefix, root)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep_private_folders(prefix: str, root: str | None) -> list[Path]:
    """Remove the folders of ours in `root` whose process is gone; which they were."""
    removed = []
    for path in sorted(Path(root or tempfile.gettempdir()).glob(f"{prefix}*")):
        lock = _lock(path)
        if lock is None:
            continue
        try:
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)
        removed.append(path)
    return removed


def _made_and_locked(prefix: str, root: str | None) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=root)).absolute()
        lock = _lock(path)
        # Between the two steps somebody may have taken it for a dead one's.
        if lock is not None and path.exists():
            return path, lock
        if lock is not None:
            os.close(lock)


def _lock(path: Path) -> int | None:
    """An open descriptor that holds the lock; None if it is held, not ours, or no folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
        except OSError:
            pass
        os.close(descriptor)
    return None
