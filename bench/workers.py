"""Real workers on the measured database."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from automation import children
from automation.models import Run, Worker


@contextmanager
def ready_workers(*, within_seconds: float = 30) -> Iterator[str]:
    """A qcluster whose processes have all started; yields where its queue is stored."""
    wanted = settings.Q_CLUSTER["workers"]
    Worker.objects.all().delete()
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "worker.log"
        with children.worker(log):
            give_up_at = time.monotonic() + within_seconds
            while Worker.objects.alive().count() < wanted:
                if time.monotonic() > give_up_at:
                    raise TimeoutError(f"No worker came up:\n{log.read_text()}")
                time.sleep(0.1)
            yield "Redis" if "redis" in settings.Q_CLUSTER else "database"


def finished(run: Run, *, within_seconds: float = 120) -> Run:
    """The run, once a worker has ended it."""
    give_up_at = time.monotonic() + within_seconds
    while run.state != Run.State.FINISHED:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{run} is still {run.state}")
        time.sleep(0.05)
        run.refresh_from_db()
    return run
