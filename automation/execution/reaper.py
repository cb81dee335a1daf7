"""End runs whose worker is gone.

Any number of reapers may run: a run is ended by one conditional UPDATE with its claim token, so its
end is written once.
"""

import logging
import time

from django.conf import settings
from django.db import DatabaseError

from automation.models import Run
from inventory.ansible import processes
from schema.outages import Outage, trouble_of
from schema.retrying import reconnect

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5  # between two proofs of writing

_outage = Outage("Reaper: database", logger)


def reap() -> list[int]:
    """One pass. Returns the ids of the runs that it ended."""
    return [*reap_dead(), *reap_silent()]


def look() -> None:
    """`reap` for a loop that must survive errors."""
    try:
        if lost := reap():
            logger.warning("Ended runs whose workers are gone: %s", lost)
    except Exception as error:
        if trouble_of(error):
            _outage.note(str(error))
        else:
            logger.warning("Could not check other workers' runs: %s", error)
        reconnect()
    else:
        _outage.end()


def reap_dead() -> list[int]:
    """End runs on this machine whose worker process is gone, at once: it cannot come back.

    Only of this boot and this container: containers of the same name cannot see each other's
    processes.
    """
    here = Run.objects.running_here()
    return [run.pk for run in here if not _has_worker(run) and _end(run)]


def reap_silent() -> list[int]:
    """End runs on any machine whose heartbeat has stopped.

    Silence alone proves nothing: after a database outage workers need a moment to beat again, and a
    database that answers reads may refuse writes. So a suspect is ended only if our own writes to
    its row succeeded for as long as two more heartbeats would have taken, and none came.
    """
    suspects = [run for run in Run.objects.running() if run.is_silent()]
    return [run.pk for run in _still_silent(suspects) if _end(run)]


def _has_worker(run: Run) -> bool:
    if run.worker_pid is None or run.started_at is None:
        return False
    return processes.lives_since(run.worker_pid, run.started_at)


def _end(run: Run) -> bool:
    """End the run; False if it has ended or sent a heartbeat since."""
    if not run.end_as_lost():
        return False
    processes.kill_marked(str(run.claim_token))  # does not find those on other machines
    return True


def _still_silent(suspects: list[Run]) -> list[Run]:
    """Those that send no heartbeat although they could; none if the database refuses writes.

    Counts writes rather than seconds: elapsed time proves nothing if a write waited for a lock or
    the reaper's machine was suspended.
    """
    for _ in range(max(1, round(_seconds_to_prove() / PAUSE_SECONDS))):
        try:
            suspects = [run for run in suspects if run.stays_silent()]
        except DatabaseError as error:
            logger.warning(
                "No worker is declared lost while the database accepts no writes: %s", error
            )
            reconnect()
            return []
        if not suspects:
            return []
        time.sleep(PAUSE_SECONDS)
    return suspects


def _seconds_to_prove() -> float:
    return 2 * settings.RUN_HEARTBEAT_SECONDS + 2
