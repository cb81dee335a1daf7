"""A run's combined output: the lines of all servers, in the order in which Ansible printed them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from automation.ansi import plain
from automation.models import JobLog, Run
from automation.models.run_logs import PrintedLine

from .log_search import LONGEST_TEXT
from .log_search import hits as hits_in_job

Line = JobLog | PrintedLine
CHUNK = 2000


class Log(Protocol):
    """Numbered lines: a Job, or a RunOutput."""

    def lines(self, after: int, limit: int, /) -> Iterable[Line]: ...
    def lines_before(self, number: int | None, limit: int, /) -> Sequence[Line]: ...
    @property
    def last_line_number(self) -> int: ...


def every_line(log: Log, after: int = 0) -> Iterator[Line]:
    """All lines after line `after`, read in chunks."""
    while lines := list(log.lines(after, CHUNK)):
        yield from lines
        after = lines[-1].line_number


class RunOutput:
    """The job's log for a run on one server, otherwise the pieces in run_logs.

    Older runs on several servers have none, only the logs of their jobs.
    """

    def __init__(self, run: Run) -> None:
        jobs = list(run.jobs.order_by("id")[:2])
        self._run = run
        self._job = jobs[0] if len(jobs) == 1 else None

    @property
    def is_kept(self) -> bool:
        """For a log without lines: False if the run is older than run_logs and did print some."""
        if self._job or self._run.state != Run.State.FINISHED:
            return True
        return not JobLog.objects.filter(job__run=self._run).exists()

    def lines(self, after: int, limit: int) -> list[Line]:
        if self._job:
            return list(self._job.lines(after, limit))
        return list(self._run.printed.lines(after, limit))

    def lines_before(self, number: int | None, limit: int) -> list[Line]:
        if self._job:
            return list(self._job.lines_before(number, limit))
        return list(self._run.printed.lines_before(number, limit))

    @property
    def last_line_number(self) -> int:
        return self._job.last_line_number if self._job else self._run.printed.last_number()

    def hits(self, text: str, *, after: int = 0, limit: int) -> list[int]:
        """Numbers of up to `limit` lines after line `after` that contain the text, ignoring case.

        For many servers, reads piece by piece until enough are found.
        """
        if self._job:
            return hits_in_job(self._job, text, after=after, limit=limit)
        wanted = text[:LONGEST_TEXT].lower()
        found = (
            line.line_number
            for line in every_line(self, after)
            if wanted in plain(line.content).lower()
        )
        return list(islice(found, limit))
