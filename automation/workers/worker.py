"""A worker process: runs the tasks that the supervisor gives it, one after the other."""

import contextlib
import logging
import multiprocessing.util
import traceback
from multiprocessing.connection import Connection
from typing import Any

from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.monitor import save_task

from automation.execution.reaper import reap_dead
from automation.execution.run_folder import sweep_folders
from automation.models import Worker
from schema.outages import trouble_of
from schema.retrying import reconnect

from .child import Loss, State
from .losses import report_loss

logger = logging.getLogger(__name__)

# Then a fresh process takes over: whatever leaks memory leaks little.
TASKS_IN_A_LIFE = 100
# The queue brings one task a minute, to one of the idle workers; the others are alive, too.
BEAT_SECONDS = 60.0


def work(pipe: Connection, loss: Loss | None) -> None:
    enter_service()
    report_loss(loss)
    for _ in range(TASKS_IN_A_LIFE):
        pipe.send(State.IDLE)
        while not pipe.poll(BEAT_SECONDS):
            beat()
        task = pipe.recv()
        pipe.send(State.WORKING)
        perform(task)


def enter_service() -> None:
    """Record this process before its first task, and clean up after others."""
    sweep_folders()
    # A process that ends properly is removed at once instead of after ALIVE_FOR.
    multiprocessing.util.Finalize(None, _say_goodbye, exitpriority=0)
    try:
        Worker.objects.beat()
        reap_dead()
    except DatabaseError:
        logger.warning("Database unavailable: this worker will register with its first task.")


def beat() -> None:
    """Record that this idle process is alive; the next beat will if this one cannot."""
    close_old_connections()
    try:
        Worker.objects.beat()
    except DatabaseError:  # the queue reader has logged the outage
        reconnect()


def perform(task: dict[str, Any]) -> None:
    """Call the function of a task of ours: automation.queue has refused all others.

    If it raises, the failure is logged, and kept in the database.
    """
    close_old_connections()
    try:
        said = import_string(task["func"])(*task["args"], **task["kwargs"])
    except Exception as error:
        # An outage is known already; a traceback would tell nothing about it.
        is_outage = trouble_of(error) is not None
        logger.error("The task %s failed: %s", task["func"], error, exc_info=not is_outage)
        failed = {"result": f"{error} : {traceback.format_exc()}", "success": False}
        save_task({**task, **failed, "stopped": timezone.now()}, get_broker())
    else:
        logger.info("%s: %s", task["func"], said)


def _say_goodbye() -> None:
    with contextlib.suppress(DatabaseError):
        Worker.objects.leave()
    connections.close_all()
