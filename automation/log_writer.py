"""Writes lines into job_logs, many at a time and each exactly once."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Max

from .models import JobLog
from .retrying import insisting, is_transient, reconnect

# Measured: batches of 50 to 100 rows or 200 ms keep the delay under 0.3 s at about 1 % of a core.
MAX_ROWS = 100
MAX_CHARACTERS = 500_000
MAX_AGE_SECONDS = 0.2
# While the database is away, lines wait here; past this the playbook itself has to wait.
MAX_WAITING_CHARACTERS = 32_000_000
# A single line longer than this is cut, or it would not pass MariaDB's largest packet (16 MB).
MAX_LINE = 4_000_000


@dataclass(frozen=True)
class Line:
    job_id: int
    number: int
    content: str
    level: str
    at: datetime


class LogWriter:
    """`add` lines, `tick` often, `close` at the end."""

    def __init__(self) -> None:
        self._waiting: list[Line] = []
        self._characters = 0
        self._oldest = 0.0
        self._not_before = 0.0
        self._last_number: dict[int, int] = {}

    def add(self, job_id: int, content: str, level: str, at: datetime) -> None:
        """Take one line of a job; its number follows the job's last one."""
        number = self._last_number.get(job_id, 0) + 1
        self._last_number[job_id] = number
        self._oldest = self._oldest or time.monotonic()
        self._waiting.append(Line(job_id, number, _shortened(content), level, at))
        self._characters += len(content)
        if len(self._waiting) >= MAX_ROWS or self._characters >= MAX_CHARACTERS:
            self._try_to_write()
        if self._characters >= MAX_WAITING_CHARACTERS:
            self.close()

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._waiting and time.monotonic() - self._oldest >= MAX_AGE_SECONDS:
            self._try_to_write()

    def close(self) -> None:
        """Write everything, however long the database takes to come back."""
        while self._waiting:
            insisting(self._write_batch)

    def _try_to_write(self) -> None:
        """Write if the database is there; keep the lines if not."""
        if time.monotonic() < self._not_before:
            return
        try:
            while self._waiting:
                self._write_batch()
        except DatabaseError as error:
            if not is_transient(error):
                raise
            reconnect()
            self._not_before = time.monotonic() + 1

    def _write_batch(self) -> None:
        """One transaction. If an earlier try did commit before the connection broke, not again."""
        batch = self._next_batch()
        with transaction.atomic():
            first = batch[0]
            written = JobLog.objects.filter(job_id=first.job_id).aggregate(last=Max("line_number"))
            if (written["last"] or 0) < first.number:
                JobLog.objects.bulk_create(_row(line) for line in batch)
        del self._waiting[: len(batch)]
        self._characters -= sum(len(line.content) for line in batch)
        self._oldest = time.monotonic() if self._waiting else 0.0

    def _next_batch(self) -> list[Line]:
        size = 0
        batch: list[Line] = []
        for line in self._waiting[:MAX_ROWS]:
            size += len(line.content)
            if batch and size > MAX_CHARACTERS:
                break
            batch.append(line)
        return batch


def _row(line: Line) -> JobLog:
    return JobLog(
        job_id=line.job_id,
        line_number=line.number,
        content=line.content,
        log_level=line.level,
        timestamp=line.at,
    )


def _shortened(content: str) -> str:
    if len(content) <= MAX_LINE:
        return content
    return f"{content[:MAX_LINE]} … [{len(content) - MAX_LINE} more characters cut]"
