"""Ends runs whose worker is gone. Several reapers may work at the same time: a run's end is one
conditional UPDATE with its claim token, so it is written once.
"""

import logging
import time

from django.conf import settings
from django.db import DatabaseError, connection

from . import processes
from .models import Run
from .retrying import reconnect

logger = logging.getLogger(__name__)


def reap() -> list[int]:
    """The keys of the runs that this look has ended."""
    return [*reap_dead(), *reap_silent()]


def look() -> None:
    """`reap` for a loop that nothing may end."""
    try:
        if lost := reap():
            logger.warning("Ended, for their workers are gone: runs %s", lost)
    except Exception as error:
        logger.warning("No look at other workers' runs: %s", error)
        reconnect()


def reap_dead() -> list[int]:
    """End the runs of this machine whose worker process is no more: at once, it cannot come back.

    Of this boot and of this container only: two of one name cannot see each other's processes.
    """
    here = Run.objects.running_here()
    return [run.pk for run in here if not _has_worker(run) and _end(run)]


def reap_silent() -> list[int]:
    """End the runs, of whatever machine, that have stopped beating.

    Silence alone is not enough: after an outage of the database the living need a moment to beat
    again. So a suspect is ended only when the database has answered all the while that two more
    beats would have taken, and none came.
    """
    suspects = [run for run in Run.objects.running() if run.is_silent()]
    if not suspects or not _database_answers_for(2 * settings.RUN_HEARTBEAT_SECONDS + 2):
        return []
    return [run.pk for run in suspects if _end(run)]


def _has_worker(run: Run) -> bool:
    if run.worker_pid is None or run.started_at is None:
        return False
    return processes.lives_since(run.worker_pid, run.started_at)


def _end(run: Run) -> bool:
    """False when it has beaten, or ended, since it was looked at."""
    if not run.end_as_lost():
        return False
    processes.sweep(str(run.claim_token))  # elsewhere's are not found here
    return True


def _database_answers_for(seconds: float) -> bool:
    """Whether it answered each time that it was asked, twice a second."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            connection.close()
            return False
        time.sleep(0.5)
    return True
