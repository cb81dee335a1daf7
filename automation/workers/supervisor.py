"""The main process of `run_worker`: starts its children, gives them tasks, replaces those that end.

It uses no database, and waits for nobody: whatever hangs, it can still act on signals and on what
its children do.
"""

import logging
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from automation.execution import shutdown

from .child import STOP_SIGNALS, Child, Duty, Loss, State
from .queue_reader import read_queue
from .reaping import keep_reaping
from .worker import work

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
# Longer between two looks: this process was suspended, and its children probably with it, as in a
# container that is paused, a machine that is moved, or one without memory.
SUSPENDED_SECONDS = 10.0
# A child that ends sooner after its start may do so again and again.
QUICK_END_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 30.0
# When stopping: how long a child that has nothing to do may take to end.
FAREWELL_SECONDS = 5.0
# After the grace period: how long workers may take to cancel their runs and write down their ends.
CANCEL_SECONDS = 15.0


@dataclass
class Slot:
    """A slot for one child, filled again when that one has ended."""

    name: str
    duty: Duty
    child: Child | None = None
    loss: Loss | None = None
    not_before: float = 0.0
    quick_ends: int = 0

    def vacate(self, child: Child) -> None:
        """After an end that was too quick, leave the slot empty for a while."""
        now = time.monotonic()
        self.child, self.loss = None, child.loss()
        is_quick = self.loss is not None and now - child.started_at < QUICK_END_SECONDS
        self.quick_ends = self.quick_ends + 1 if is_quick else 0
        self.not_before = now + min(2.0**self.quick_ends - 1, LONGEST_PAUSE_SECONDS)


class Supervisor:
    def __init__(self, workers: int) -> None:
        self._reader = Slot("queue reader", read_queue)
        self._workers = [Slot(f"worker {number}", work) for number in range(1, workers + 1)]
        self._slots = [*self._workers, self._reader, Slot("reaper", keep_reaping)]
        self._tasks: list[dict[str, Any]] = []  # from the reader, for the next idle workers
        self._ordered = 0  # how many more the reader may send
        self._is_ready = self._is_stopping = False
        self._turned_at = time.monotonic()

    def run(self) -> None:
        """Until SIGTERM or SIGINT, and then until the last child has ended."""
        for number in STOP_SIGNALS:
            signal.signal(number, _on_signal)
        try:
            while not shutdown.is_asked() or any(self._children()):
                self._turn()
        finally:
            # After an error of ours: runs that are going finish, and nobody takes another.
            for child in self._children():
                child.hang_up()
        logger.info("run_worker has stopped.")

    def _turn(self) -> None:
        self._leave_out_suspension()
        if shutdown.is_asked():
            self._stop()
        else:
            self._fill_slots()
            self._distribute()
        self._hear()
        self._look_after_ended()
        self._kill_stuck()

    def _leave_out_suspension(self) -> None:
        """After a suspension children are not stuck: they need a moment to say something again."""
        away = time.monotonic() - self._turned_at
        if away > SUSPENDED_SECONDS:
            logger.warning("run_worker was suspended for %.0f s.", away)
            for child in self._children():
                child.excuse(away)
        self._turned_at = time.monotonic()

    def _children(self) -> Iterator[Child]:
        return (slot.child for slot in self._slots if slot.child is not None)

    def _fill_slots(self) -> None:
        for slot in self._slots:
            if slot.child is None and time.monotonic() >= slot.not_before:
                others = [child.pipe for child in self._children() if child.is_connected]
                try:
                    slot.child = Child(slot.name, slot.duty, slot.loss, others)
                except OSError as error:  # no memory or no process left
                    logger.error("Could not start the %s: %s", slot.name, error)
                    slot.not_before = time.monotonic() + QUICK_END_SECONDS
                    continue
                slot.loss = None

    def _distribute(self) -> None:
        """Give tasks to idle workers, and order as many as are still missing."""
        workers = [slot.child for slot in self._workers if slot.child is not None]
        idle = [child for child in workers if child.state is State.IDLE and child.is_connected]
        while self._tasks and idle:
            idle.pop().give(self._tasks.pop(0))
        if (missing := len(idle) - self._ordered) > 0 and self._reader.child is not None:
            self._reader.child.tell(missing)
            self._ordered += missing
        if not self._is_ready and len(workers) == len(self._workers) == len(idle):
            self._is_ready = True
            logger.info("run_worker is running. Worker processes: %s.", len(idle))

    def _hear(self) -> None:
        """Wait until a child says something or ends."""
        children = list(self._children())
        pipes = [child.pipe for child in children if child.is_connected]
        wait([*pipes, *(child.process.sentinel for child in children)], LOOK_SECONDS)
        for child in children:
            for task in child.words():
                self._tasks.append(task)
                self._ordered -= 1

    def _look_after_ended(self) -> None:
        for slot in self._slots:
            child = slot.child
            if child is None or not child.has_ended():
                continue
            self._tasks.extend(child.words())
            if child.task is not None:
                self._tasks.insert(0, child.task)  # it has not begun it
            if slot is self._reader:
                self._ordered = 0
            child.hang_up()
            slot.vacate(child)
            if slot.loss and not shutdown.is_asked():
                logger.error("%s Another one is started in its place.", slot.loss.reason)

    def _kill_stuck(self) -> None:
        if shutdown.is_asked():
            return
        for child in self._children():
            if child.is_stuck():
                child.kill(f"was stuck ({child.state}), and was killed")

    def _stop(self) -> None:
        """Let go of children that have nothing to do; in the end, kill those that are left."""
        if not self._is_stopping:
            self._is_stopping = True
            logger.info("run_worker is stopping.")
        is_too_late = shutdown.seconds_overdue() > CANCEL_SECONDS
        for child in self._children():
            # One that was given a task may have begun a run, although it has not said so yet.
            if child.state not in (State.GIVEN, State.WORKING):
                child.hang_up()
            if is_too_late or child.seconds_since_hang_up() > FAREWELL_SECONDS:
                logger.error("The %s (process %s) does not end: killed.", child.name, child.pid)
                child.kill("did not end")


def _on_signal(*unused: Any) -> None:
    shutdown.ask()
