"""The channel from ansible-playbook to its worker, and the thread that reads it.

Two named pipes in the run's folder: `events` carries the callback's events, `output` whatever else
ansible-playbook prints, before the callback is loaded or bypassing it. Nothing is written to disk,
and nothing that a play prints can pass for an event.
"""

import contextlib
import errno
import fcntl
import logging
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path

from .events import Event, lines_in, output, parse_event

logger = logging.getLogger(__name__)

# The descriptor in ansible-playbook. The shell that opens it supports only single digits.
DESCRIPTOR = 9
VARIABLE = "INFRAOPS_EVENTS"
CHUNK = 1 << 16
HEAD = 4  # bytes of length before each event
# More than the callback ever sends: 16 million characters of up to six bytes each in JSON.
MOST = 128 * 1024 * 1024
PAUSE_MILLISECONDS = 500
PIPE_BYTES = 1 << 20
CHUNKS = 2 * PIPE_BYTES // CHUNK
# Bytes of printed output without a newline; every new piece is searched for one.
LONGEST_LINE = 1 << 20


class BrokenChannel(Exception):
    """The data did not come from our callback: nothing after it can be trusted."""


class ChannelReader(threading.Thread):
    """Reads both pipes until `finish`. Passes each event to `note`, in order.

    Finally calls `close` with the number of unreadable events. Both are called in this thread. An
    unreadable event is logged and skipped; `failed` is the error that ended the thread early.
    """

    def __init__(
        self, folder: Path, note: Callable[[Event], None], close: Callable[[int], None]
    ) -> None:
        super().__init__(name="channel", daemon=True)
        self.events_path, self.output_path = folder / "events", folder / "output"
        self.failed: Exception | None = None
        self.skipped = 0
        self._note, self._close = note, close
        self._next = 0
        # Open both ends, so that the pipes stay open and never report EOF, whoever else closes
        # them.
        self._events, self._output, self._ended = _opened_all(self.events_path, self.output_path)
        self._unread, self._unsaid = bytearray(), b""

    def finish(self) -> None:
        """Read what is left, then end. Call once ansible-playbook has ended."""
        os.eventfd_write(self._ended, 1)

    def release(self) -> None:
        """Close the descriptors, after the thread has ended."""
        for descriptor in (self._events, self._output, self._ended):
            os.close(descriptor)

    def run(self) -> None:
        try:
            while not self._wait():
                self._take_in()
            self._take_in()
            self._say(self._unsaid)
            self._close(self.skipped)
        except Exception as error:
            self.failed = error

    def _wait(self) -> bool:
        """Wait for something to read. True if it is time to end."""
        waiting = select.poll()
        for descriptor in (self._events, self._output, self._ended):
            waiting.register(descriptor, select.POLLIN)
        ready = [descriptor for descriptor, _ in waiting.poll(PAUSE_MILLISECONDS)]
        return self._ended in ready

    def _take_in(self) -> None:
        """Read everything available now."""
        while chunk := _read(self._events):
            self._unread += chunk
            # What was printed before the event comes before it in the log.
            self._take_output()
            self._take_events()
        self._take_output()

    def _take_events(self) -> None:
        at = 0
        while len(self._unread) - at >= HEAD:
            length = int.from_bytes(self._unread[at : at + HEAD], "big")
            if length > MOST:
                raise BrokenChannel("An event is too large.")
            if len(self._unread) - at - HEAD < length:
                break
            self._take(bytes(self._unread[at + HEAD : at + HEAD + length]))
            at += HEAD + length
        del self._unread[:at]

    def _take(self, content: bytes) -> None:
        try:
            number, event = parse_event(content)
        except (ValueError, RecursionError):
            logger.exception("An event could not be read")
            self.skipped += 1
            self._next += 1
            return
        if number != self._next:
            raise BrokenChannel(f"Event {self._next} is missing: event {number} came in its place.")
        self._next += 1
        self._note(event)

    def _take_output(self) -> None:
        """Read at most what the pipe can hold: a program may print without end."""
        for _ in range(CHUNKS):
            chunk = _read(self._output)
            if not chunk:
                break
            *whole, self._unsaid = (self._unsaid + chunk).split(b"\n")
            if len(self._unsaid) > LONGEST_LINE:
                whole, self._unsaid = [*whole, self._unsaid], b""
            self._say(b"".join(line + b"\n" for line in whole))

    def _say(self, printed: bytes) -> None:
        for line in lines_in(printed.decode(errors="replace")):
            self._note(output(line + "\n"))


def _opened_all(*paths: Path) -> list[int]:
    """The two pipes and the eventfd that wakes the reader; all or none."""
    descriptors = [os.eventfd(0)]
    try:
        descriptors[:0] = [_opened(path) for path in paths]
    except OSError:
        os.close(descriptors[-1])
        raise
    return descriptors


def _opened(path: Path) -> int:
    os.mkfifo(path, 0o600)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    with contextlib.suppress(OSError):  # a limit of the machine: a smaller pipe will do
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return descriptor


def _read(descriptor: int) -> bytes:
    """Up to CHUNK bytes; empty if there is nothing to read."""
    try:
        return os.read(descriptor, CHUNK)
    except OSError as error:
        if error.errno != errno.EAGAIN:
            raise
        return b""
