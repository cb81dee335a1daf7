"""A worker that stops gracefully."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django_q.cluster import Cluster

from automation.execution import reaper, shutdown
from automation.models import Run


class PoliteCluster(Cluster):
    def sig_handler(self, signum: int, frame: Any) -> None:
        """Tell the workers first: stopping waits for them, and they might go on for hours.

        A second signal interrupts that wait and must not start it again.
        """
        is_first = not shutdown.is_asked()
        shutdown.ask()
        if is_first:
            super().sig_handler(signum, frame)


class Command(BaseCommand):
    help = (
        "Run playbooks from the queue until SIGTERM or Ctrl-C. Then no new run is taken, and "
        "running jobs may continue for WORKER_GRACE_SECONDS before they are cancelled. A second "
        "signal cancels them at once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        # Runs that were queued while no worker ran may have lost their wake-ups.
        Run.objects.wake_next()
        connection.close()  # the cluster's processes are forks, and would share it
        cluster = PoliteCluster()
        cluster.start()
        # While its workers are all busy, this process still notices runs whose worker has died.
        while cluster.sentinel.is_alive():
            cluster.sentinel.join(settings.RUN_HEARTBEAT_SECONDS)
            if not shutdown.is_asked():
                reaper.look()
