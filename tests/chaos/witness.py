"""Records each run's end as soon as it is visible, so that later changes show."""

import threading
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.models import Count

from automation.models import Run
from tests.chaos.world import World

PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class End:
    """A run when it had just ended: each job's status, reason, number of lines and of results."""

    outcome: str
    jobs: dict[int, tuple[str, str, int, int]]


def seen(run: Run) -> End:
    jobs = run.jobs.annotate(
        lines=Count("logs", distinct=True), results=Count("task_results", distinct=True)
    )
    return End(
        run.outcome,
        {job.pk: (job.status, job.error_message, job.lines, job.results) for job in jobs},
    )


class Witness(threading.Thread):
    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world = world
        self.ends: dict[int, End] = {}
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            try:
                self._look()
            except DatabaseError:
                connection.close()
        connection.close()

    def stop(self) -> None:
        self._is_over.set()
        self.join()

    def _look(self) -> None:
        for run in self.world.runs().filter(state=Run.State.FINISHED).exclude(pk__in=self.ends):
            self.ends[run.pk] = seen(run)
