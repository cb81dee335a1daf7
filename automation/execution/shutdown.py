"""Tell worker processes that `run_worker` was asked to stop.

The main process of `run_worker` sets a value in memory shared with its forks. Unlike a file or a
row, it needs no cleaning up: it ends with the processes.
"""

import multiprocessing
import time

from django.conf import settings

# When running jobs have to end, by the monotonic clock; 0: no stop requested.
_end_by = multiprocessing.get_context("fork").Value("d", 0.0, lock=False)


def ask() -> None:
    """Request a stop: take no new runs, end after the grace period; when called again, end now."""
    grace = 0.0 if is_asked() else float(settings.WORKER_GRACE_SECONDS)
    _end_by.value = time.monotonic() + grace


def is_asked() -> bool:
    return _end_by.value > 0


def is_overdue() -> bool:
    """True if the grace period is over."""
    return is_asked() and time.monotonic() >= _end_by.value


def seconds_overdue() -> float:
    """Seconds since the end of the grace period; 0 before."""
    return max(0.0, time.monotonic() - _end_by.value) if is_asked() else 0.0


def forget() -> None:
    """Undo; only for tests."""
    _end_by.value = 0.0
