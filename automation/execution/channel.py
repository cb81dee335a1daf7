"""The way from ansible-playbook to its worker, and the thread that listens.

Two pipes with names in the run's folder. Over `events` come the callback's events; over `output`
whatever ansible-playbook prints before that callback is loaded, or past it. Nothing is written to
a disk, and nothing that a play prints can look like an event.
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

# The descriptor that ansible-playbook has it at. A shell opens it, and knows those of one digit.
DESCRIPTOR = 9
VARIABLE = "INFRAOPS_EVENTS"
CHUNK = 1 << 16
HEAD = 4  # bytes of length before each event
# More than the callback ever sends: 16 million characters, each of up to six bytes in JSON.
MOST = 128 * 1024 * 1024
PAUSE_MILLISECONDS = 500
PIPE_BYTES = 1 << 20
CHUNKS = 2 * PIPE_BYTES // CHUNK
# Of what is printed without an event. It is read piece by piece, and looked through at each.
LONGEST_LINE = 1 << 20


class BrokenChannel(Exception):
    """What comes is not what our callback sends: from here on nothing is known."""


class ChannelReader(threading.Thread):
    """Reads both pipes until `finish`, gives each event to `note`, in order, and then calls
    `close` with how many could not be read.

    Both run in this thread. An event that cannot be read is logged and skipped; `failed` is what
    ended the thread early.
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
        # Both ends, so that each is open, and never at its end, whoever else has it.
        self._events, self._output, self._ended = _opened_all(self.events_path, self.output_path)
        self._unread, self._unsaid = bytearray(), b""

    def finish(self) -> None:
        """Take in what is still there, and end. Called once ansible-playbook has."""
        os.eventfd_write(self._ended, 1)

    def release(self) -> None:
        """Give the descriptors back, once the thread has ended."""
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
        """For something to read; whether it is the end."""
        waiting = select.poll()
        for descriptor in (self._events, self._output, self._ended):
            waiting.register(descriptor, select.POLLIN)
        ready = [descriptor for descriptor, _ in waiting.poll(PAUSE_MILLISECONDS)]
        return self._ended in ready

    def _take_in(self) -> None:
        """All that can be read now."""
        while chunk := _read(self._events):
            self._unread += chunk
            # What was printed before it was sent stands before it.
            self._take_output()
            self._take_events()
        self._take_output()

    def _take_events(self) -> None:
        at = 0
        while len(self._unread) - at >= HEAD:
            length = int.from_bytes(self._unread[at : at + HEAD], "big")
            if length > MOST:
                raise BrokenChannel("An event is larger than any that can be.")
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
        """What its pipe can hold, and not more at once: somebody may print without end."""
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
    """The pipes, and what the reader is woken with; all or none."""
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
    with contextlib.suppress(OSError):  # a limit of the machine: it does with less room
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return descriptor


def _read(descriptor: int) -> bytes:
    """What is there, up to a chunk; nothing, if nothing is."""
    try:
        return os.read(descriptor, CHUNK)
    except OSError as error:
        if error.errno != errno.EAGAIN:
            raise
        return b""
