"""A process that takes wake-ups from the queue, as many as there are idle workers."""

import logging
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from django.db import DatabaseError
from django_q.brokers import get_broker
from django_q.conf import Conf

from automation.queue import schedules
from automation.queue.packages import read_package
from schema.outages import Outage
from schema.retrying import reconnect

from .child import Loss, State
from .losses import report_loss

logger = logging.getLogger(__name__)

SCHEDULE_SECONDS = 5
BEAT_SECONDS = 1.0
# Between two tries while the queue does not answer.
PAUSE_SECONDS = 1.0


def read_queue(pipe: Connection, loss: Loss | None) -> None:
    """Send a task whenever one more is ordered and there is one.

    Also queues what is scheduled.
    """
    report_loss(loss)
    broker, outage = None, Outage("Queue", logger)
    ordered, schedule_at, beat_at = 0, 0.0, 0.0
    while True:
        if time.monotonic() >= beat_at:
            pipe.send(State.LOOPING)
            beat_at = time.monotonic() + BEAT_SECONDS
        # The one in the database asks the database even for this.
        broker = broker or _answer_of(get_broker, outage)
        if broker and time.monotonic() >= schedule_at:
            # django-q2 logs a traceback for each task that it cannot queue. If no task is ordered,
            # nothing else finds out whether the queue answers.
            if not ordered:
                _answer_of(broker.queue_size, outage)
            if not outage.is_on:
                schedules.queue_due()
            schedule_at = time.monotonic() + SCHEDULE_SECONDS
        taken = _answer_of(broker.dequeue, outage) if broker and ordered else None
        # Those that are not ours were refused already.
        task = read_package(taken[0][1]) if taken else None
        if task is not None:
            pipe.send(task)
            ordered -= 1
        pause = PAUSE_SECONDS if outage.is_on else Conf.POLL
        while pipe.poll(0 if task else pause):
            ordered += pipe.recv()
            pause = 0


def _answer_of(ask: Callable[[], Any], outage: Outage) -> Any:
    """What the queue answers; None while it does not."""
    try:
        answer = ask()
    except Exception as error:  # Clients of message brokers may raise anything.
        outage.note(str(error))
        if isinstance(error, DatabaseError):
            reconnect()
        return None
    outage.end()
    return answer
