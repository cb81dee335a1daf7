"""What the queue may call. Each may come twice, or late, or not at all."""

from .models import Run, Worker
from .runner import execute


def run_next() -> str:
    """Take the next run that can go and see it through; says which one it was."""
    Worker.objects.beat()
    run = Run.objects.claim_next()
    if run is None:
        return "nothing to run"
    execute(run)
    return f"run {run.pk}"


def every_minute() -> str:
    """End runs whose worker is gone, and wake workers for runs whose wake-up was lost."""
    Worker.objects.beat()
    Worker.objects.forget_old()
    lost = [run.pk for run in Run.objects.running() if run.watch()]
    waiting = Run.objects.pending().order_by("id").first()
    if waiting is not None:
        waiting.wake_worker()
    return f"lost: {lost or 'none'}"
