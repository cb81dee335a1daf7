"""Folders for secrets that are removed when their process is gone.

Each is locked as long as its process lives; the kernel releases the lock however the process ends.
A folder that another process can lock is orphaned, and the next worker that starts removes it. No
pids are compared, so reused ones do no harm.
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
    """A new locked folder (mode 0700), removed at the end."""
    path, lock = _made_and_locked(prefix, root)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep_private_folders(prefix: str, root: str | None) -> list[Path]:
    """Remove our folders in `root` whose process is gone. Returns them."""
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
        # Between the two steps, another process may have taken it for an orphan.
        if lock is not None and path.exists():
            return path, lock
        if lock is not None:
            os.close(lock)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock; None if it is held, not ours, or not a folder."""
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
