"""Between the thread that reads a run's events and the one that writes to the database."""

import threading
from collections.abc import Callable


class Closed(Exception):
    """Whoever took the rows wants no more."""


class Outbox:
    """Rows on their way from the thread that reads events to the one that writes to the database.

    While the database is away it fills up, and `put` waits: then ansible-playbook has to as well.
    """

    MOST_CHARACTERS = 16_000_000

    def __init__(self) -> None:
        self._rows: list[tuple[Callable[[], object], int]] = []
        self._characters = 0
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, write: Callable[[], object], size: int) -> None:
        """`write` is called by the other thread. Closed when that has gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self.is_full)
            if self._is_closed:
                raise Closed
            self._rows.append((write, size))
            self._characters += size

    def take(self, most: int) -> list[Callable[[], object]]:
        """Up to `most` of those that wait, the oldest first."""
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
