"""What a child does first if it replaces one that was lost."""

import logging
import socket

from django.db import DatabaseError, transaction

from accounts.models import User
from audit.models import AuditLog
from automation.models import Run, Worker
from schema.retrying import insisting, reconnect

from .child import Loss

logger = logging.getLogger(__name__)

# While the database is away, the loss stays in the log only.
INSIST_SECONDS = 20


def report_loss(loss: Loss | None) -> None:
    """Record it, and wake workers for what the lost process may have been about to do."""
    if loss is None:
        return
    try:
        insisting(lambda: _record(loss), for_seconds=INSIST_SECONDS)
    except DatabaseError as error:
        logger.warning(
            "Not in the audit trail, as the database is away (%s): %s", error, loss.reason
        )
    wake_waiting()


def wake_waiting() -> None:
    """Wake a worker if a run waits. Without database or queue the next minute's task does it."""
    try:
        Run.objects.wake_next()
    except Exception as error:  # Clients of message brokers may raise anything.
        logger.warning("No worker was woken for waiting runs: %s", error)
        reconnect()


@transaction.atomic
def _record(loss: Loss) -> None:
    host = socket.gethostname()
    Worker.objects.filter(host=host, pid=loss.pid).delete()
    AuditLog.objects.record(
        "worker.restarted", actor=User.objects.system(), reason=loss.reason, host=host
    )
