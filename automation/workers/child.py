"""A child process of `run_worker`, and the supervisor's end of the pipe to it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

FORK = multiprocessing.get_context("fork")
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class State(StrEnum):
    """What a child does, as far as the supervisor knows. All but GIVEN are the child's own word."""

    STARTING = "starting"
    IDLE = "idle"
    GIVEN = "given a task"
    WORKING = "working"
    LOOPING = "looping"


# After so many seconds without a word, a child counts as stuck. An idle worker has nothing to say.
# The database may keep it waiting for one answer.
PATIENCE = {
    State.STARTING: 120.0 + settings.DATABASE_TIMEOUT,
    State.GIVEN: 60.0 + settings.DATABASE_TIMEOUT,
    State.WORKING: float(settings.TASK_TIMEOUT_SECONDS),
    State.LOOPING: 120.0 + settings.DATABASE_TIMEOUT,
}


class Loss(NamedTuple):
    """A child that ended unexpectedly; `reason` is a sentence."""

    pid: int
    reason: str


# What a child executes: its end of the pipe, and which loss it makes good, if any. It ends when the
# pipe does.
Duty = Callable[[Connection, Loss | None], None]


class Child:
    """A forked process, which `ps` and `top` show under its name.

    `others` are the supervisor's ends of the other children's pipes.
    """

    def __init__(
        self, name: str, duty: Duty, loss: Loss | None, others: Iterable[Connection]
    ) -> None:
        self.name = name
        self.task: dict[str, Any] | None = None
        self._why_killed = ""
        self._hung_up_at = 0.0
        self.pipe, theirs = FORK.Pipe()
        # Otherwise the child would keep the pipes of others open, and they would not notice the
        # supervisor's end.
        inherited = [self.pipe, *others]
        self.process = FORK.Process(target=_begin, args=(duty, theirs, inherited, loss), name=name)
        self._become(State.STARTING)
        # A signal between fork and `_begin` must not run the supervisor's handler in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        theirs.close()
        self.started_at = self._since

    @property
    def pid(self) -> int:
        return int(self.process.pid or 0)

    @property
    def is_connected(self) -> bool:
        return not self.pipe.closed

    def words(self) -> Iterator[dict[str, Any]]:
        """Take in what the child has sent: its states, and the tasks, which are yielded."""
        try:
            while self.is_connected and self.pipe.poll():
                said = self.pipe.recv()
                if isinstance(said, State):
                    self._become(said)
                else:
                    yield said
        except (EOFError, OSError):
            self.hang_up()

    def give(self, task: dict[str, Any]) -> None:
        self.task = task
        self._become(State.GIVEN)
        self.tell(task)

    def tell(self, message: Any) -> None:
        """Send it, unless the child has ended."""
        with contextlib.suppress(OSError):
            self.pipe.send(message)

    def hang_up(self) -> None:
        """Close the pipe: the child ends as soon as it listens."""
        if self.is_connected:
            self.pipe.close()
            self._hung_up_at = time.monotonic()

    def seconds_since_hang_up(self) -> float:
        return 0.0 if self.is_connected else time.monotonic() - self._hung_up_at

    def is_stuck(self) -> bool:
        patience = PATIENCE.get(self.state)
        return patience is not None and time.monotonic() - self._since > patience

    def excuse(self, seconds: float) -> None:
        """Leave out a time in which it could not say anything."""
        self._since += seconds

    def kill(self, why: str) -> None:
        self._why_killed = why
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def has_ended(self) -> bool:
        return not self.process.is_alive()

    def loss(self) -> Loss | None:
        """How it ended, once it has; None if it ended by itself."""
        code = self.process.exitcode or 0
        if code == 0:
            return None
        ended = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with status {code}"
        how = self._why_killed or ended
        return Loss(self.pid, f"The {self.name} (process {self.pid}) {how}.")

    def _become(self, state: State) -> None:
        self.state = state
        self._since = time.monotonic()
        if state is not State.GIVEN:
            self.task = None


def _begin(duty: Duty, pipe: Connection, inherited: list[Connection], loss: Loss | None) -> None:
    """The first thing in a child.

    Whoever stops `run_worker` may signal all its processes, but only the supervisor decides. The
    signals are not ignored, as programs that a child starts would then ignore them too.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(multiprocessing.current_process().name)
    for number in STOP_SIGNALS:
        signal.signal(number, _leave_to_supervisor)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    for each in inherited:
        each.close()
    # The supervisor has closed the pipe, or is gone.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        duty(pipe, loss)


def _leave_to_supervisor(*unused: Any) -> None:
    pass


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
