"""Ends runs whose worker is gone. Several reapers may work at the same time: a run's end is one
conditional UPDATE with its claim token, so it is written once.
"""

import logging
import time

from django.conf import settings
from django.db import DatabaseError

from automation import processes
from automation.models import Run
from schema.retrying import reconnect

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5  # between two writes of a proof


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
    again, and one that answers reads may take no writes, not even a beat. So a suspect is ended
    only when the database has taken our own writes, to that very row, all the while that two more
    beats would have taken, and none came.
    """
    suspects = [run for run in Run.objects.running() if run.is_silent()]
    return [run.pk for run in _still_silent(suspects) if _end(run)]


def _has_worker(run: Run) -> bool:
    if run.worker_pid is None or run.started_at is None:
        return False
    return processes.lives_since(run.worker_pid, run.started_at)


def _end(run: Run) -> bool:
    """False when it has beaten, or ended, since it was looked at."""
    if not run.end_as_lost():
        return False
    processes.kill_marked(str(run.claim_token))  # elsewhere's are not found here
    return True


def _still_silent(suspects: list[Run]) -> list[Run]:
    """Those that do not beat although they could; nobody, if the database refuses a write.

    Writes are counted and not seconds: one that had to wait for a lock, or a reaper that slept with
    its machine, has proved nothing by the time that has passed.
    """
    for _ in range(max(1, round(_seconds_to_prove() / PAUSE_SECONDS))):
        try:
            suspects = [run for run in suspects if run.stays_silent()]
        except DatabaseError as error:
            logger.warning("Nobody is taken for lost, the database takes no writes: %s", error)
            reconnect()
            return []
        if not suspects:
            return []
        time.sleep(PAUSE_SECONDS)
    return suspects


def _seconds_to_prove() -> float:
    return 2 * settings.RUN_HEARTBEAT_SECONDS + 2
