"""When API keys and sessions were last used: noted in memory, written by a thread of its own.

A request only notes. Once a minute, one small thread in each process writes what was noted, on a
connection of its own. A database that is locked, read-only or hung delays that thread and no
request; what it could not write is tried again with the next notes.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone

logger = logging.getLogger(__name__)

# Notes kept while the database refuses them; further ones are lost.
MOST = 10_000


class LastUse:
    """The times of one column: `LastUse("accounts.ApiKey", key="pk", field="last_used_at")`."""

    def __init__(self, model: str, *, key: str, field: str) -> None:
        self.model, self.key, self.field = model, key, field
        self._notes: dict[Any, datetime] = {}
        self._lock = threading.Lock()
        _all.append(self)

    def note(self, row: Any, at: datetime | None = None) -> None:
        """Note that the row of this key was used just now."""
        with self._lock:
            if row in self._notes or len(self._notes) < MOST:
                self._notes[row] = at or timezone.now()
        _start_thread()

    def noted(self, row: Any) -> datetime | None:
        """The time noted and not yet written."""
        return self._notes.get(row)

    def write(self) -> int:
        """Write the notes, in one transaction. Returns how many rows have changed."""
        with self._lock:
            notes = dict(self._notes)
        if not notes:
            return 0
        rows = apps.get_model(self.model)._base_manager
        with transaction.atomic():
            changed = sum(
                rows.filter(Q(**{f"{self.field}__lt": at}) | Q(**{self.field: None}))
                .filter(**{self.key: row})
                .update(**{self.field: at})
                for row, at in notes.items()
            )
        with self._lock:
            for row, at in notes.items():
                if self._notes.get(row) == at:
                    del self._notes[row]
        return changed

    def forget(self) -> None:
        with self._lock:
            self._notes.clear()


_all: list[LastUse] = []
_starting = threading.Lock()
_thread: threading.Thread | None = None
_stopped = threading.Event()  # set by tests only: the thread ends with its process


def write_all() -> None:
    for each in _all:
        each.write()


def _start_thread() -> None:
    """Start the thread that writes, once in each process (a forked one needs its own)."""
    global _thread
    if not settings.LAST_USE_SECONDS:
        return
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_write_regularly, name="last use", daemon=True)
            _thread.start()


def _write_regularly() -> None:
    is_failing = False
    while not _stopped.wait(settings.LAST_USE_SECONDS):
        try:
            write_all()
            is_failing = False
        except DatabaseError as error:
            if not is_failing:
                logger.warning("Cannot write when keys and sessions were last used yet: %s", error)
            is_failing = True
        except Exception:
            logger.exception("Could not write when API keys and sessions were last used")
        finally:
            connection.close()
