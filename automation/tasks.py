"""Tasks for the queue. Each may run twice, late, or not at all."""

import logging

from audit.seals.sealing import SealingStopped, seal_trail
from console.signals import minute_passed
from schema.retrying import insisting

from .execution import shutdown
from .execution.reaper import reap
from .execution.runner import execute
from .models import Run, Worker

logger = logging.getLogger(__name__)

MOST_SEALS = 50


def run_next() -> str:
    """Claim the next run that can start, and run it. Returns which one, for the queue's log."""
    if shutdown.is_asked():
        return "stopping"  # the next worker will claim it
    insisting(Worker.objects.beat)
    run = insisting(Run.objects.claim_next)
    if run is None:
        return "nothing to run"
    try:
        Run.objects.wake_next()
    except Exception:
        # The queue or the database is down. This run is ours, so it goes on.
        logger.exception(
            "Could not wake a worker for the next run; the next one-minute wake-up will"
        )
    execute(run)
    return f"run {run.pk}"


def every_minute() -> str:
    """End runs whose worker is gone, and wake workers for runs whose wake-up was lost.

    Other apps do what is due every minute then, too.
    """
    Worker.objects.beat()
    Worker.objects.forget_old()
    lost = reap()
    Run.objects.wake_next()
    minute_passed.send_robust(sender=None)
    return f"lost: {lost or 'none'}"


def seal_audit() -> str:
    """Seal audit lines; at most 250,000 at once, so that a long trail does not keep a worker."""
    try:
        done = seal_trail(most=MOST_SEALS)
    except SealingStopped as stopped:
        logger.error("The audit trail is not sealed: %s Run `manage.py verify_audit`.", stopped)
        return "sealing has stopped"
    return f"sealed: {done.lines} lines"
