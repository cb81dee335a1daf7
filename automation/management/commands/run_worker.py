"""Runs playbooks from the queue, until it is asked to stop."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django_q.conf import Conf

from automation.models import Run
from automation.queue.database import DatabaseBroker
from automation.workers.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Run playbooks from the queue until SIGTERM or Ctrl-C. Then no new run is taken, and "
        "running jobs may continue for WORKER_GRACE_SECONDS before they are cancelled. A second "
        "signal cancels them at once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if Conf.ORM:
            DatabaseBroker().forget_locked()
        # Runs that were queued while no worker ran may have lost their wake-ups.
        Run.objects.wake_next()
        connection.close()  # children are forks, and would share it
        Supervisor(settings.Q_CLUSTER["workers"]).run()
