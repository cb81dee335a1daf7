"""Each line is stored exactly once, even if the database fails in between."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from automation.execution import log_writer
from automation.execution.log_writer import LogWriter
from automation.models import ClaimLost, Job, JobLog, Run, RunLog, TaskResult
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GONE = OperationalError(2006, "Server has gone away")


def add(writer: LogWriter, job: Job, *texts: str) -> None:
    for text in texts:
        writer.add(job.pk, text, "info", NOW)


def written(job: Job) -> list[tuple[int, str]]:
    return list(job.logs.order_by("line_number").values_list("line_number", "content"))


@pytest.fixture
def job() -> Job:
    return make.job(status="running")


@pytest.fixture
def writer(job) -> LogWriter:
    return LogWriter(job.run)


@pytest.fixture
def failing(monkeypatch):
    """Make the next bulk_create fail before it writes anything.

    The database is simulated here; test_outage.py has a real outage.
    """
    original = JobLog.objects.bulk_create

    def once(rows):
        monkeypatch.setattr(JobLog.objects, "bulk_create", original, raising=False)
        raise GONE

    monkeypatch.setattr(JobLog.objects, "bulk_create", once, raising=False)


def test_lines_are_numbered_from_1_without_gaps(writer, job) -> None:
    add(writer, job, "one", "", "three")
    writer.close()

    assert written(job) == [(1, "one"), (2, ""), (3, "three")]
    assert set(job.logs.values_list("timestamp", flat=True)) == {NOW}


def test_two_jobs_have_numbers_of_their_own(writer, job) -> None:
    other = make.job(status="running")
    add(writer, job, "a")
    add(writer, other, "b")
    add(writer, job, "c")
    writer.close()

    assert written(job) == [(1, "a"), (2, "c")]
    assert written(other) == [(1, "b")]


def test_a_full_batch_is_written_at_once(writer, job, django_assert_max_num_queries) -> None:
    add(writer, job, *map(str, range(log_writer.MAX_ROWS - 1)))
    assert not job.logs.exists()

    with django_assert_max_num_queries(4):  # savepoint, claim, insert, release
        add(writer, job, "the last")

    assert job.logs.count() == log_writer.MAX_ROWS


def test_few_lines_wait_for_a_moment_only(writer, job, monkeypatch) -> None:
    add(writer, job, "one")
    writer.tick()
    assert not job.logs.exists()

    monkeypatch.setattr(log_writer, "MAX_AGE_SECONDS", 0)
    writer.tick()
    assert written(job) == [(1, "one")]


def test_long_lines_do_not_share_a_packet(writer, job) -> None:
    add(writer, job, *["x" * 400_000] * 5)
    writer.close()

    assert [number for number, _ in written(job)] == [1, 2, 3, 4, 5]


def test_a_line_too_long_for_any_packet_is_cut_and_says_so(writer, job) -> None:
    add(writer, job, "x" * (log_writer.MAX_LINE + 7))
    writer.close()

    assert written(job)[0][1].endswith("x … [7 more characters cut]")


def test_while_the_database_is_away_lines_wait(writer, job, failing) -> None:
    add(writer, job, *map(str, range(log_writer.MAX_ROWS)))
    assert not job.logs.exists()

    writer.close()

    assert [text for _, text in written(job)] == list(map(str, range(log_writer.MAX_ROWS)))


def test_an_error_that_will_not_pass_is_raised(writer, job, monkeypatch) -> None:
    def refuse(rows):
        raise OperationalError(1142, "INSERT command denied")

    monkeypatch.setattr(JobLog.objects, "bulk_create", refuse, raising=False)
    add(writer, job, "one")

    with pytest.raises(OperationalError, match="denied"):
        writer.close()


# --- Task results, in the same batches ------------------------------------------------------------


def add_result(writer: LogWriter, job: Job, task: str) -> int:
    return writer.add_result(job.pk, task=task, status="ok", started_at=NOW, duration=0.5)


def results(job: Job) -> list[tuple[int, str]]:
    return list(job.task_results.values_list("number", "task"))


def test_lines_and_results_are_numbered_apart(writer, job) -> None:
    add(writer, job, "one")
    assert add_result(writer, job, "a") == 1
    add(writer, job, "two")
    assert add_result(writer, job, "b") == 2
    writer.close()

    assert written(job) == [(1, "one"), (2, "two")]
    assert results(job) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("model", [JobLog, TaskResult])
def test_a_batch_that_fails_leaves_neither_kind_and_comes_again(writer, job, monkeypatch, model):
    """Whichever of the two inserts fails."""
    original = model.objects.bulk_create

    def after_the_insert(rows):
        monkeypatch.setattr(model.objects, "bulk_create", original, raising=False)
        original(rows)
        raise GONE

    monkeypatch.setattr(model.objects, "bulk_create", after_the_insert, raising=False)
    monkeypatch.setattr(log_writer, "MAX_AGE_SECONDS", 0)
    add(writer, job, "one")
    add_result(writer, job, "a")
    writer.tick()
    assert written(job) == results(job) == []

    make.log_lines(make.job(), "of another job, in the meantime")
    writer.close()
    assert written(job) == [(1, "one")] and results(job) == [(1, "a")]


# --- The run's output as a whole, in pieces -------------------------------------------------------


def add_printed(writer: LogWriter, *texts: str) -> None:
    writer.add_printed([(text, "info", NOW) for text in texts])


def printed(job: Job) -> list[tuple[int, str]]:
    lines = job.run.printed.lines(0, 100_000)
    return [(line.line_number, line.content) for line in lines]


def test_printed_lines_share_a_piece_until_it_is_written(writer, job, monkeypatch) -> None:
    add_printed(writer, "one", "")
    add(writer, job, "one")
    add_printed(writer, "three")
    monkeypatch.setattr(log_writer, "MAX_AGE_SECONDS", 0)
    writer.tick()
    assert job.run.printed.count() == 1
    add_printed(writer, "four")
    writer.close()

    assert printed(job) == [(1, "one"), (2, ""), (3, "three"), (4, "four")]
    assert list(job.run.printed.values_list("first_line", flat=True)) == [1, 4]


def test_a_piece_has_its_limits(writer, job) -> None:
    add_printed(writer, *map(str, range(1, 1001)))
    add_printed(writer, "x" * 150_000, "y" * 150_000, "short")
    writer.close()

    assert [number for number, _ in printed(job)] == list(range(1, 1004))
    assert [text for _, text in printed(job)][-1] == "short"
    assert all(len(piece.lines) <= 200 for piece in job.run.printed.all())


def test_printed_lines_of_a_piece_are_of_one_second(writer, job) -> None:
    for milliseconds in (0, 400, 900, 1_000, 1_999, 3_000):
        at = NOW + timedelta(milliseconds=milliseconds)
        writer.add_printed([(f"after {milliseconds}", "info", at)])
    writer.close()

    pieces = job.run.printed.order_by("first_line").values_list("first_line", "printed_at")
    seconds = [NOW + timedelta(seconds=each) for each in (0, 1, 3)]
    assert list(pieces) == list(zip((1, 4, 6), seconds, strict=True))


def test_printed_lines_wait_for_the_database_and_come_once(writer, job, monkeypatch) -> None:
    original = RunLog.objects.bulk_create

    def after_the_insert(rows):
        monkeypatch.setattr(RunLog.objects, "bulk_create", original, raising=False)
        original(rows)
        raise GONE

    monkeypatch.setattr(RunLog.objects, "bulk_create", after_the_insert, raising=False)
    monkeypatch.setattr(log_writer, "MAX_AGE_SECONDS", 0)
    add_printed(writer, "one")
    writer.tick()
    add_printed(writer, "two")  # while the first batch is on its way: goes into a new piece
    writer.close()

    assert printed(job) == [(1, "one"), (2, "two")]


def test_after_the_end_nothing_is_printed(writer, job) -> None:
    end(job.run)
    add_printed(writer, "one")
    with pytest.raises(ClaimLost):
        writer.close()
    add_printed(writer, *map(str, range(1000)))
    writer.close()

    assert printed(job) == []


# --- Only for the holder of the claim -------------------------------------------------------------


def end(run: Run) -> None:
    """As a reaper on another machine does."""
    assert Run.objects.get(pk=run.pk).end_as_lost()


def test_after_the_end_nothing_is_written(writer, job, monkeypatch) -> None:
    monkeypatch.setattr(log_writer, "MAX_AGE_SECONDS", 0)
    add(writer, job, "one")
    writer.tick()
    end(job.run)
    add(writer, job, "two")
    add_result(writer, job, "a")

    with pytest.raises(ClaimLost, match="ended elsewhere"):
        writer.tick()

    assert written(job) == [(1, "one")] and results(job) == []


def test_a_lost_claim_is_told_once_and_what_comes_later_is_dropped(writer, job) -> None:
    end(job.run)
    add(writer, job, "one")
    with pytest.raises(ClaimLost):
        writer.close()

    add(writer, job, *map(str, range(log_writer.MAX_ROWS + 1)))
    writer.tick()
    writer.close()

    assert written(job) == []


def test_whoever_holds_another_claim_writes_nothing(writer, job) -> None:
    Run.objects.filter(pk=job.run_id).update(claim_token="somebody else's")
    add(writer, job, "one")

    with pytest.raises(ClaimLost):
        writer.close()

    assert written(job) == []


def test_the_claim_costs_a_batch_one_statement(writer, job, django_assert_num_queries) -> None:
    add(writer, job, "one")
    add_result(writer, job, "a")

    with django_assert_num_queries(5):  # savepoint, claim, lines, results, release
        writer.close()
