"""The queue between the thread that reads a run's events and the one that writes them down."""

import threading
from collections.abc import Callable


class Closed(Exception):
    """The receiving thread takes no more rows."""


class Outbox:
    """Rows on their way from the thread that reads events to the one that has the database.

    It fills up while the database is away; then `put` blocks, and so does ansible-playbook.
    """

    MOST_CHARACTERS = 16_000_000

    def __init__(self) -> None:
        self._rows: list[tuple[Callable[[], object], int]] = []
        self._characters = 0
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, write: Callable[[], object], size: int) -> None:
        """Queue a write, to be called by the other thread. Raises Closed if that has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self.is_full)
            if self._is_closed:
                raise Closed
            self._rows.append((write, size))
            self._characters += size

    def take(self, most: int) -> list[Callable[[], object]]:
        """Up to `most` queued writes, oldest first."""
        with self._changed:
            rows, self._rows = self._rows[:most], self._rows[most:]
            self._characters -= sum(size for _, size in rows)
            self._changed.notify_all()
        return [write for write, _ in rows]

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        return self._characters >= self.MOST_CHARACTERS

    @property
    def is_empty(self) -> bool:
        return not self._rows
