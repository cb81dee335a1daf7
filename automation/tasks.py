"""What the queue may call. Each may come twice, or late, or not at all."""

from . import shutdown
from .models import Run, Worker
from .reaper import reap
from .retrying import insisting
from .runner import execute


def run_next() -> str:
    """Take the next run that can go and see it through; says which one it was."""
    if shutdown.is_asked():
        return "stopping"  # the next worker takes it
    Worker.objects.beat()
    run = insisting(Run.objects.claim_next)
    if run is None:
        return "nothing to run"
    Run.objects.wake_next()
    execute(run)
    return f"run {run.pk}"


def every_minute() -> str:
    """End runs whose worker is gone, and wake workers for runs whose wake-up was lost."""
    Worker.objects.beat()
    Worker.objects.forget_old()
    lost = reap()
    Run.objects.wake_next()
    return f"lost: {lost or 'none'}"
