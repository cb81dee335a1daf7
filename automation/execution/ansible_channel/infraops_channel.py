"""Part of infraops_events.py: the channel from ansible-playbook to the worker."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ansible.utils.color import stringc
from ansible.utils.display import Display

MOST_DISPLAYED = 16_000_000


class Channel:
    """The channel to the worker.

    Only the main process writes; forked workers pass their output to it.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._pid = descriptor, os.getpid()
        # Child processes must neither write here nor keep it open.
        os.set_inheritable(descriptor, False)
        self._lock = threading.RLock()
        self._number = 0
        self._collecting: list[list[str]] = []
        self._whose = threading.local()
        self._take_over_display()

    @contextlib.contextmanager
    def collecting(self) -> Iterator[list[str]]:
        """Collect what this thread displays within the block; other threads wait."""
        pieces: list[str] = []
        with self._lock:
            self._collecting.append(pieces)
            try:
                yield pieces
            finally:
                self._collecting.pop()

    def collected(self, show: Callable[..., None], *args: Any) -> str:
        with self.collecting() as pieces:
            show(*args)
        return "".join(pieces)

    def send(self, kind: str, text: str = "", **more: Any) -> None:
        with self._lock:
            event = {"kind": kind, "number": self._number, "at": time.time(), **more}
            self._number += 1
            try:
                self._write(_encoded({**event, "text": _cut(text, MOST_DISPLAYED)}))
            except OSError:
                # Nobody is listening; Ansible would silently carry on.
                os.kill(self._pid, signal.SIGTERM)

    def _write(self, content: bytes) -> None:
        rest = memoryview(len(content).to_bytes(4, "big") + content)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _displayed(self, text: str) -> None:
        with self._lock:
            if self._collecting:
                self._collecting[-1].append(text)
            else:
                self.send("text", text, host="")

    def _take_over_display(self) -> None:
        channel, original = self, Display.display

        def display(
            self: Display,
            msg: str,
            color: str | None = None,
            stderr: bool = False,
            screen_only: bool = False,
            log_only: bool = False,
            newline: bool = True,
            caplevel: int | None = None,
        ) -> None:
            more = {"screen_only": screen_only, "newline": newline, "caplevel": caplevel}
            if os.getpid() != channel._pid or not isinstance(msg, str):
                original(self, msg, color, stderr, log_only=log_only, **more)
                return
            if not log_only:
                channel._displayed(_as_printed(msg, color, newline))
            if not screen_only:  # for users who set log_path
                original(self, msg, color, stderr, log_only=True, caplevel=caplevel)

        Display.display = display


def _as_printed(msg: str, color: str | None, newline: bool) -> str:
    """The text as Ansible's Display prints it to the screen."""
    msg = msg.replace("\r\n", "\n")
    ends = msg.endswith("\n")
    shown = msg[:-1] if ends else msg
    shown = stringc(shown, color) if color else shown
    return shown + "\n" if ends or newline else shown


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    # Whole lines, as half a secret would not be recognised.
    kept = text[: text.rfind("\n", 0, most) + 1] or text[:most]
    return f"{kept} … [{len(text) - len(kept)} more characters cut]"


def _encoded(event: dict[str, Any]) -> bytes:
    """The event as JSON, whatever a module put into it; unsupported values become text."""
    try:
        return json.dumps(event, default=str, skipkeys=True).encode()
    except (ValueError, RecursionError, TypeError):
        plain = {
            name: value for name, value in event.items() if isinstance(value, str | int | float)
        }
        return json.dumps(
            {**plain, "result": {"msg": "The result cannot be written as JSON."}}
        ).encode()
