"""A process that takes wake-ups from the queue, as many as there are idle workers."""

import logging
import time
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.scheduler import scheduler
from django_q.signing import BadSignature, SignedPackage

from schema.outages import Outage
from schema.retrying import reconnect

from .child import Loss, State
from .losses import report_loss

logger = logging.getLogger(__name__)

SCHEDULE_SECONDS = 30
BEAT_SECONDS = 1.0
# Between two tries while the queue does not answer.
PAUSE_SECONDS = 1.0


def read_queue(pipe: Connection, loss: Loss | None) -> None:
    """Send a task whenever one more is ordered and there is one.

    Also queues what is scheduled.
    """
    report_loss(loss)
    broker, outage = get_broker(), Outage("Queue", logger)
    ordered, schedule_at, beat_at = 0, 0.0, 0.0
    while True:
        if time.monotonic() >= beat_at:
            pipe.send(State.LOOPING)
            beat_at = time.monotonic() + BEAT_SECONDS
        if time.monotonic() >= schedule_at:
            scheduler(broker)
            schedule_at = time.monotonic() + SCHEDULE_SECONDS
        task = _next_task(broker, outage) if ordered else None
        if task is not None:
            pipe.send(task)
            ordered -= 1
        pause = PAUSE_SECONDS if outage.is_on else Conf.POLL
        while pipe.poll(0 if task else pause):
            ordered += pipe.recv()
            pause = 0


def take_task(broker: Broker) -> dict[str, Any] | None:
    """A task that nobody else gets, or None.

    It is removed at once, not when it has been done: it is only a wake-up, and the tables know what
    there is to do. So nothing stays behind of a process that is killed.
    """
    package = _take_row(broker) if Conf.ORM else _take_from_redis(broker)
    try:
        return SignedPackage.loads(package) if package else None
    except (TypeError, BadSignature):
        logger.error("Dropped a task that is not signed with this SECRET_KEY.")
        return None


def forget_locked() -> int:
    """Delete wake-ups that workers of earlier releases had locked, and may never release."""
    if not Conf.ORM:
        return 0
    later = timezone.now() + timedelta(minutes=1)
    return OrmQ.objects.using(Conf.ORM).filter(lock__gt=later).delete()[0]


def _next_task(broker: Broker, outage: Outage) -> dict[str, Any] | None:
    try:
        task = take_task(broker)
    except Exception as error:  # Clients of message brokers may raise anything.
        outage.note(str(error))
        if isinstance(error, DatabaseError):
            reconnect()
        return None
    outage.end()
    return task


def _take_row(broker: Broker) -> str | None:
    waiting = broker.get_connection().filter(key=broker.list_key, lock__lte=timezone.now())
    row = waiting.order_by("id").first()
    # Another worker machine may be faster.
    is_ours = row is not None and waiting.filter(pk=row.pk).delete()[0] > 0
    return row.payload if is_ours else None


def _take_from_redis(broker: Broker) -> str | None:
    """Waits for up to a second."""
    found = broker.dequeue()
    return found[0][1] if found else None
