"""Write a run's log lines and task results, in batches, each exactly once.

Only the holder of the run's claim may write. A batch is one transaction that locks the run's row,
so it is complete before anyone else ends the run, or it fails. A batch that was begun is retried
unchanged: if the answer to COMMIT was lost, its first row tells whether the batch is there.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import DatabaseError

from automation.models import ClaimLost, HostResult, JobLog, Run, RunLog, TaskResult
from schema.retrying import insisting, is_transient, reconnect

# 100 rows or 150 ms: 95 of 100 lines are stored within 0.3 s (bench/RESULTS.md).
MAX_ROWS = 100
MAX_CHARACTERS = 500_000
MAX_AGE_SECONDS = 0.15
# Rows queue while the database is away; beyond this the playbook itself has to wait.
MAX_WAITING_CHARACTERS = 32_000_000
# Longer lines are cut, to fit into MariaDB's largest packet (16 MB).
MAX_LINE = 4_000_000

Row = JobLog | TaskResult | HostResult | RunLog
# The columns that identify a row.
KEY: dict[type[Row], tuple[str, str]] = {
    JobLog: ("job_id", "line_number"),
    TaskResult: ("job_id", "number"),
    HostResult: ("run_id", "number"),
    RunLog: ("run_id", "first_line"),
}


class LogWriter:
    """Call `add`, `add_printed` and `add_result`, `tick` often, and `close` at the end.

    All from one thread.

    Each may raise ClaimLost, once, if the run was ended elsewhere. What was queued, and whatever
    comes later, is then dropped.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._is_lost = False
        self._waiting: list[Row] = []
        # The head of the queue: the batch that was begun and may or may not be stored.
        self._begun: list[Row] = []
        self._characters = 0
        self._oldest = 0.0
        self._not_before = 0.0
        self._last_number: dict[tuple[type[Row], int], int] = {}
        # The piece of the run's output that still accepts lines, and the number of the last line.
        self._piece: RunLog | None = None
        self._printed = 0

    def add(self, job_id: int, content: str, level: str, at: datetime) -> None:
        """Queue a log line of a job, with the job's next number."""
        number = self._next_number(JobLog, job_id)
        content = _shortened(content)
        self._take(
            JobLog(
                job_id=job_id, line_number=number, content=content, log_level=level, timestamp=at
            )
        )

    def add_result(self, job_id: int, **fields: Any) -> int:
        """Queue a task result of a job. Returns its number among the job's results."""
        number = self._next_number(TaskResult, job_id)
        self._take(TaskResult(job_id=job_id, number=number, **fields))
        return number

    def add_host_result(self, host: str, **fields: Any) -> None:
        """Queue a task result of a host that has no job."""
        number = self._next_number(HostResult, self._run.pk)
        self._take(HostResult(run=self._run, host=host, number=number, **fields))

    def add_printed(self, lines: Iterable[tuple[str, str, datetime]]) -> None:
        """Queue the next lines of the run's combined output: (text, level, time)."""
        for content, _level, at in lines:
            text = _shortened(content)
            self._printed += 1
            if self._piece is None or not self._piece.takes(text, at):
                self._piece = RunLog(
                    run=self._run, first_line=self._printed, content=text, printed_at=at
                )
                self._take(self._piece)
            elif not self._is_lost:
                self._piece.content += f"\n{text}"
                self._characters += len(text) + 1

    def tick(self) -> None:
        """Write if rows have waited long enough."""
        if self._waiting and time.monotonic() - self._oldest >= MAX_AGE_SECONDS:
            self._try_to_write()

    def close(self) -> None:
        """Write everything, however long the database takes to come back."""
        while self._waiting:
            insisting(self._write_batch)

    @property
    def is_behind(self) -> bool:
        """True if more than a batch is queued: the database is away or slow."""
        return len(self._waiting) >= MAX_ROWS or self._characters >= MAX_CHARACTERS

    def _next_number(self, model: type[Row], job_id: int) -> int:
        number = self._last_number.get((model, job_id), 0) + 1
        self._last_number[model, job_id] = number
        return number

    def _take(self, row: Row) -> None:
        if self._is_lost:
            return
        self._oldest = self._oldest or time.monotonic()
        self._waiting.append(row)
        self._characters += _size(row)
        if len(self._waiting) >= MAX_ROWS or self._characters >= MAX_CHARACTERS:
            self._try_to_write()
        if self._characters >= MAX_WAITING_CHARACTERS:
            self.close()

    def _try_to_write(self) -> None:
        """Write if the database answers; otherwise keep the rows."""
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
        """One transaction: check the claim, skip the rows if a previous try stored them, insert."""
        is_another_try = bool(self._begun)
        self._begun = self._begun or self._next_batch()
        try:
            with self._run.held():
                if not (is_another_try and _is_written(self._begun[0])):
                    _insert(self._begun)
        except ClaimLost:
            self._is_lost = True
            self._forget(len(self._waiting))
            raise
        self._forget(len(self._begun))

    def _forget(self, count: int) -> None:
        """Drop the first rows of the queue: they are stored, or never will be."""
        self._characters -= sum(map(_size, self._waiting[:count]))
        del self._waiting[:count]
        self._begun = []
        self._oldest = time.monotonic() if self._waiting else 0.0

    def _next_batch(self) -> list[Row]:
        size = 0
        batch: list[Row] = []
        for row in self._waiting[:MAX_ROWS]:
            size += _size(row)
            if batch and size > MAX_CHARACTERS:
                break
            batch.append(row)
        if self._piece in batch:
            self._piece = None  # unchanged from here on
        return batch


def _is_written(row: Row) -> bool:
    key = {name: getattr(row, name) for name in KEY[type(row)]}
    return type(row).objects.filter(**key).exists()


def _insert(batch: list[Row]) -> None:
    for row in batch:
        row.pk = None  # a rolled-back try may have set a key that is another row's by now
    for model in KEY:
        rows: list[Any] = [row for row in batch if type(row) is model]
        if rows:
            model.objects.bulk_create(rows)


def _size(row: Row) -> int:
    if isinstance(row, TaskResult | HostResult):
        return len(row.message) + len(row.diff) + len(row.result)
    return len(row.content)


def _shortened(content: str) -> str:
    if len(content) <= MAX_LINE:
        return content
    return f"{content[:MAX_LINE]} … [{len(content) - MAX_LINE} more characters cut]"
