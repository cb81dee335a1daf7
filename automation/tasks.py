"""What the queue may call. Each may come twice, or late, or not at all."""

import logging

from schema.retrying import insisting

from .execution import shutdown
from .execution.reaper import reap
from .execution.runner import execute
from .models import Run, Worker

logger = logging.getLogger(__name__)


def run_next() -> str:
    """Take the next run that can go and see it through; says which one it was."""
    if shutdown.is_asked():
        return "stopping"  # the next worker takes it
    insisting(Worker.objects.beat)
    run = insisting(Run.objects.claim_next)
    if run is None:
        return "nothing to run"
    try:
        Run.objects.wake_next()
    except Exception:
        # The queue or the database is away. This run is ours: nobody else would see it through.
        logger.exception("No wake-up for the next run; the minute's will come")
    execute(run)
    return f"run {run.pk}"


def every_minute() -> str:
    """End runs whose worker is gone, and wake workers for runs whose wake-up was lost."""
    Worker.objects.beat()
    Worker.objects.forget_old()
    lost = reap()
    Run.objects.wake_next()
    return f"lost: {lost or 'none'}"
