"""A worker process: runs the tasks that the supervisor gives it, one after the other."""

import contextlib
import inspect
import logging
import multiprocessing.util
import traceback
from collections.abc import Callable
from functools import cache
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.monitor import save_task

from automation.execution.reaper import reap_dead
from automation.execution.run_folder import sweep_folders
from automation.models import Worker

from .child import Loss, State
from .losses import report_loss

logger = logging.getLogger(__name__)

# Then a fresh process takes over: whatever leaks memory leaks little.
TASKS_IN_A_LIFE = 100


def work(pipe: Connection, loss: Loss | None) -> None:
    enter_service()
    report_loss(loss)
    for _ in range(TASKS_IN_A_LIFE):
        pipe.send(State.IDLE)
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


def perform(task: dict[str, Any]) -> None:
    """Call the task's function. If it raises, the failure is logged, and kept in the database."""
    close_old_connections()
    try:
        said = task_function(task["func"])(*task["args"], **task["kwargs"])
    except Exception as error:
        logger.exception("The task %s failed", task["func"])
        failed = {"result": f"{error} : {traceback.format_exc()}", "success": False}
        save_task({**task, **failed, "stopped": timezone.now()}, get_broker())
    else:
        logger.info("%s: %s", task["func"], said)


def task_function(name: Any) -> Callable[..., Any]:
    """The function of this name in the `tasks` module of one of our apps. ValueError otherwise.

    Names come from the database, where nothing else may be made to run by writing a row.
    """
    module, _, function_name = str(name).rpartition(".")
    if module in task_modules():
        function = getattr(import_module(module), function_name, None)
        if inspect.isfunction(function) and function.__module__ == module:
            return function
    raise ValueError(f"{name} is not a task of this project.")


@cache
def task_modules() -> frozenset[str]:
    ours = (app for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR)
    return frozenset(f"{app.name}.tasks" for app in ours)


def _say_goodbye() -> None:
    with contextlib.suppress(DatabaseError):
        Worker.objects.leave()
    connections.close_all()
