"""Tells the worker processes that their cluster is asked to stop.

The main process of `run_worker` sets it in its signal handler; the workers, its forks, share the
memory. A file or a row would have to be found again after a restart; this ends with the cluster.
"""

import multiprocessing
import time

from django.conf import settings

# When running jobs have to end, by the machine's own clock; 0: nobody has asked.
_end_by = multiprocessing.get_context("fork").Value("d", 0.0, lock=False)


def ask() -> None:
    """Take nothing new; what runs may go on for the grace period. Asked again: it has to end."""
    grace = 0.0 if is_asked() else float(settings.WORKER_GRACE_SECONDS)
    _end_by.value = time.monotonic() + grace


def is_asked() -> bool:
    return _end_by.value > 0


def is_overdue() -> bool:
    """Whether the grace period is over."""
    return is_asked() and time.monotonic() >= _end_by.value


def forget() -> None:
    """For a test, which stops only what it plays."""
    _end_by.value = 0.0
