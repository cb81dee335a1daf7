"""The database fails at any moment of a batch: every line and result is stored once, in order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from automation.execution import log_writer
from automation.execution.log_writer import LogWriter
from automation.models import ClaimLost, Job, Run, run_logs
from schema import retrying
from tests import make
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LOST = (2013, "Lost connection to server during query")
BATCH = 5
# Lines of the combined output that share a row.
PIECE = 4
# What happens to a transaction. "unanswered": it commits, but the answer is lost.
FAULTS = ["none", "claim", "job_logs", "task_results", "run_logs", "commit", "unanswered"]
INSERTED = dict.fromkeys(["job_logs", "task_results", "run_logs"], "INSERT")


class Clock:
    """The writer's clock, which the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@contextmanager
def failing(faults: list[str]) -> Iterator[Clock]:
    """The transactions fail with these faults, one after the other; later ones succeed."""
    clock, commit, left = Clock(), connection._commit, list(faults)

    def fault() -> str:
        return left[0] if left else "none"

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statement = {"claim": "SELECT 1", **INSERTED}
        table = "runs" if fault() == "claim" else fault()
        if sql.startswith(statement.get(fault(), "\0")) and table in sql:
            left.pop(0)
            raise OperationalError(*LOST)
        return run(sql, params, many, context)

    def commit_or_not() -> None:
        this = left.pop(0) if left else "none"
        if this != "commit":
            commit()
        if this in ("commit", "unanswered"):
            raise OperationalError(*LOST)

    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(execute):
        patch.setattr(log_writer, "time", clock)
        patch.setattr(log_writer, "MAX_ROWS", BATCH)
        patch.setattr(run_logs, "MOST_LINES", PIECE)
        patch.setattr(retrying, "PAUSE_SECONDS", 0)
        patch.setattr(connection, "_commit", commit_or_not)
        yield clock


class Expected:
    """Gives lines and results to a writer, and knows what must be stored."""

    def __init__(self, writer: LogWriter, jobs: list[Job]) -> None:
        self.writer, self.jobs = writer, jobs
        self.lines: list[list[str]] = [[] for _ in jobs]
        self.results: list[list[str]] = [[] for _ in jobs]
        self.printed: list[str] = []

    def print(self, count: int) -> None:
        """Add that many lines at once to the run's combined output."""
        begin = len(self.printed) + 1
        lines = [f"printed {number}" for number in range(begin, begin + count)]
        self.printed += lines
        self.writer.add_printed([(text, "info", NOW) for text in lines])

    def add(self, kind: str, nth: int) -> None:
        taken = (self.lines if kind == "line" else self.results)[nth]
        taken.append(f"{kind} {len(taken) + 1}")
        if kind == "line":
            self.writer.add(self.jobs[nth].pk, taken[-1], "info", NOW)
        else:
            number = self.writer.add_result(
                self.jobs[nth].pk, task=taken[-1], status="ok", started_at=NOW, duration=0.5
            )
            assert number == len(taken)

    def check(self) -> None:
        for nth, job in enumerate(self.jobs):
            assert_numbered(job.logs.values_list("line_number", "content"), self.lines[nth])
            assert_numbered(job.task_results.values_list("number", "task"), self.results[nth])
        # By piece: a line in two of them counts twice.
        pieces = self.jobs[0].run.printed.order_by("first_line")
        found = [(line.line_number, line.content) for piece in pieces for line in piece.lines]
        assert found == list(enumerate(self.printed, 1))


def assert_numbered(rows: Any, texts: list[str]) -> None:
    assert sorted(rows) == list(enumerate(texts, 1))


def two_jobs() -> list[Job]:
    first = make.job(status="running")
    return [first, make.job(run=first.run, status="running")]


STEPS = st.one_of(
    st.tuples(st.sampled_from(["line", "result"]), st.integers(0, 1), st.integers(1, 2 * BATCH)),
    st.tuples(st.just("print"), st.integers(1, 2 * PIECE)),
    st.tuples(st.just("tick"), st.sampled_from([0.05, 0.2, 1.5])),
)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=15), st.lists(st.sampled_from(FAULTS), max_size=8))
# The answer is lost when few lines are queued, and many more are by the next try.
@example([("line", 0, 2), ("tick", 0.2), ("line", 0, 10), ("tick", 1.5)], ["unanswered"])
# The same for a batch that starts with a result, and with failures before and after.
@example(
    [("result", 1, 1), ("line", 0, 2), ("tick", 0.2), ("result", 0, 9), ("tick", 1.5)],
    ["job_logs", "unanswered", "commit", "unanswered"],
)
# More is printed while it is unknown whether the piece that accepts lines is stored.
@example(
    [("print", 2), ("tick", 0.2), ("print", 1), ("line", 0, 1), ("tick", 1.5), ("print", 9)],
    ["unanswered", "run_logs", "commit"],
)
def test_whatever_fails_everything_is_there_once_and_in_order(steps, faults) -> None:
    jobs = two_jobs()
    expected = Expected(LogWriter(jobs[0].run), jobs)

    with failing(faults) as clock:
        for step in steps:
            if step[0] == "tick":
                clock.now += step[1]
                expected.writer.tick()
            elif step[0] == "print":
                expected.print(step[1])
            else:
                for _ in range(step[2]):
                    expected.add(step[0], step[1])
        expected.writer.close()

    expected.check()


@pytest.mark.parametrize("first", ["line", "result"])
@pytest.mark.parametrize("nth", range(5))
def test_the_answer_to_one_of_the_commits_is_lost_while_more_comes(nth: int, first: str) -> None:
    """In batches of two, lines and results mixed; the next try finds ten rows queued."""
    jobs = two_jobs()
    expected = Expected(LogWriter(jobs[0].run), jobs)
    kinds = ["line", "result"] if first == "line" else ["result", "line"]

    with failing(["none"] * nth + ["unanswered"]) as clock:
        for number in range(6 * BATCH):
            expected.add(kinds[number % 2], number % 3 % 2)
            clock.now += 0.1
            expected.writer.tick()
        expected.writer.close()

    expected.check()


@pytest.mark.parametrize("fault", ["claim", "run_logs", "commit", "unanswered"])
@pytest.mark.parametrize("nth", range(4))
def test_the_combined_output_survives_a_fault_at_each_of_its_batches(nth: int, fault: str) -> None:
    jobs = two_jobs()
    expected = Expected(LogWriter(jobs[0].run), jobs)

    with failing(["none"] * nth + [fault]) as clock:
        for number in range(4 * BATCH):
            expected.print(1 + number % 3)
            expected.add("line", number % 2)
            clock.now += 0.1
            expected.writer.tick()
        expected.writer.close()

    expected.check()


@pytest.mark.parametrize("batches", [1, 3])
def test_a_batch_that_meets_the_end_is_in_before_it_or_not_at_all(batches: int) -> None:
    """Whoever reads a run that has ended has read all there will ever be."""
    for _ in range(5):
        job = make.job(status="running")
        writer = LogWriter(job.run)
        for number in range(batches * log_writer.MAX_ROWS - 1):
            writer.add(job.pk, f"line {number}", "info", NOW)

        in_time, at_the_end = at_once([lambda w=writer: writes(w), lambda j=job: end(j.run)])

        there = job.logs.count()
        assert there == at_the_end
        if in_time:
            assert there == batches * log_writer.MAX_ROWS - 1


def writes(writer: LogWriter) -> bool:
    try:
        writer.close()
    except ClaimLost:
        return False
    return True


def end(run: Run) -> int:
    """The number of lines once everybody can see the end."""
    assert retrying.insisting(Run.objects.get(pk=run.pk).end_as_lost)
    return Job.objects.get(run=run).logs.count()
