"""Runs playbooks from the queue, until it is asked to stop."""

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django_q.conf import Conf

from automation.models import Run
from automation.queue.database import DatabaseBroker
from automation.workers.losses import wake_waiting
from automation.workers.supervisor import Supervisor
from schema.outages import GONE, trouble_of

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Run playbooks from the queue until SIGTERM or Ctrl-C. Then no new run is taken, and "
        "running jobs may continue for WORKER_GRACE_SECONDS before they are cancelled. A second "
        "signal cancels them at once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Run.objects.exists()
            if Conf.ORM:
                DatabaseBroker().forget_locked()
        except DatabaseError as error:
            # A database that is away may come; one without tables, or without a file, may not.
            trouble = trouble_of(error)
            if trouble is None or (trouble is GONE and connection.vendor == "sqlite"):
                raise
            logger.warning("Wake-ups that earlier releases locked stay locked: %s", error)
        # Runs that were queued while no worker ran may have lost their wake-ups.
        wake_waiting()
        connection.close()  # children are forks, and would share it
        Supervisor(settings.Q_CLUSTER["workers"]).run()
