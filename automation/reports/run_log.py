"""A run's output as a whole: every server's lines in the order in which Ansible printed them."""

from collections.abc import Iterator
from itertools import islice

from automation.ansi import plain
from automation.models import Job, JobLog, Run
from automation.models.run_logs import PrintedLine

from .log_search import LONGEST_TEXT
from .log_search import hits as hits_in_job

Line = JobLog | PrintedLine
CHUNK = 2000


class RunOutput:
    """Of a run on one server its job's log, which is all that was printed; else what run_logs has.
    Runs from before that table have none: each job's own log then has its server's lines."""

    def __init__(self, run: Run) -> None:
        jobs = list(run.jobs.order_by("id")[:2])
        self._run = run
        self._job = jobs[0] if len(jobs) == 1 else None

    @property
    def is_kept(self) -> bool:
        """False for a run of earlier versions: what it printed stands in its jobs' logs only."""
        if self._job or self._run.state != Run.State.FINISHED or self.last_line_number:
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
        source: Job | None = self._job
        return source.last_line_number if source else self._run.printed.last_number()

    def every_line(self) -> Iterator[Line]:
        after = 0
        while lines := self.lines(after, CHUNK):
            yield from lines
            after = lines[-1].line_number

    def hits(self, text: str, *, after: int = 0, limit: int) -> list[int]:
        """The numbers of up to `limit` lines after line `after` that have the text, in whatever
        case. A run on many servers is read piece by piece until so many are found."""
        if self._job:
            return hits_in_job(self._job, text, after=after, limit=limit)
        return list(islice(self._with_text(text[:LONGEST_TEXT].lower(), after), limit))

    def _with_text(self, wanted: str, after: int) -> Iterator[int]:
        while lines := self.lines(after, CHUNK):
            for line in lines:
                if wanted in plain(line.content).lower():
                    yield line.line_number
            after = lines[-1].line_number
