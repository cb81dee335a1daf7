"""From events to lines, and each line to its job."""

from datetime import UTC, datetime
from typing import Any

import pytest

from automation.log_lines import LogRouter, level_of, lines_of, time_of


def event(kind: str, *lines: str, host: str | None = None, **data: Any) -> dict[str, Any]:
    """An event as ansible-runner hands it over."""
    stdout = "\r\n".join(lines)
    return {
        "event": kind,
        "stdout": stdout,
        "start_line": 10,
        "end_line": 10 + (len(lines) if lines else 0),
        "created": "2026-01-02T03:04:05.678901+00:00",
        "event_data": {"host": host, **data} if host else data,
    }


def test_an_event_without_output_has_no_lines() -> None:
    assert lines_of({"stdout": "", "start_line": 3, "end_line": 3}) == []


def test_a_blank_line_is_a_line() -> None:
    assert lines_of({"stdout": "", "start_line": 3, "end_line": 4}) == [""]


def test_the_blank_line_after_the_recap_is_kept() -> None:
    assert lines_of({"stdout": "\r\nPLAY RECAP", "start_line": 3, "end_line": 6}) == [
        "",
        "PLAY RECAP",
        "",
    ]


def test_a_carriage_return_of_a_progress_bar_stays_in_its_line() -> None:
    assert lines_of({"stdout": "10%\r20%\r\ndone", "start_line": 0, "end_line": 2}) == [
        "10%\r20%",
        "done",
    ]


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (event("runner_on_ok", "ok", host="a"), "info"),
        (event("runner_on_failed", "fatal", host="a"), "error"),
        (event("runner_on_failed", "fatal", host="a", ignore_errors=True), "warning"),
        (event("runner_item_on_failed", "failed", host="a"), "error"),
        (event("runner_on_unreachable", "fatal", host="a"), "error"),
        (event("warning", "[WARNING]: old"), "warning"),
        (event("verbose", "[ERROR]: YAML"), "error"),
        (event("debug", "connecting"), "debug"),
        (event("playbook_on_task_start", "TASK [x]"), "info"),
    ],
)
def test_level(found: dict[str, Any], level: str) -> None:
    assert level_of(found, found["stdout"]) == level


def test_a_time_without_zone_is_utc() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert time_of({"created": "2026-01-02T03:04:05"}) == at


def test_a_time_that_cannot_be_read_is_now() -> None:
    assert (datetime.now(UTC) - time_of({"created": "soon"})).total_seconds() < 60


class Sink:
    """Collects lines by job."""

    def __init__(self, addresses: Any = (), **jobs: int) -> None:
        self.lines: dict[int, list[str]] = {job: [] for job in jobs.values()}
        self.router = LogRouter(
            jobs, lambda job, line, level, at: self.lines[job].append(line), addresses
        )

    def route(self, *events: dict[str, Any]) -> dict[int, list[str]]:
        for each in events:
            self.router.route(each)
        self.router.close()
        return self.lines


def test_with_one_job_everything_is_its_own_in_order() -> None:
    lines = Sink(a=1).route(
        event("playbook_on_play_start", "PLAY"),
        event("runner_on_ok", "ok: stranger", host="stranger"),
        event("playbook_on_stats", "RECAP"),
    )

    assert lines == {1: ["PLAY", "ok: stranger", "RECAP"]}


def test_with_two_jobs_headings_go_to_both_and_results_to_their_own() -> None:
    lines = Sink(a=1, b=2).route(
        event("playbook_on_play_start", "PLAY"),
        event("playbook_on_task_start", "TASK 1"),
        event("runner_on_ok", "ok: a", host="a"),
        event("runner_on_ok", "ok: b", host="b"),
        event("playbook_on_stats", "RECAP", "a  : ok=1", "b  : ok=1"),
    )

    assert lines == {
        1: ["PLAY", "TASK 1", "ok: a", "RECAP", "a  : ok=1"],
        2: ["PLAY", "TASK 1", "ok: b", "RECAP", "b  : ok=1"],
    }


def test_a_heading_of_a_task_that_a_server_had_no_part_in_is_left_out() -> None:
    lines = Sink(a=1, b=2).route(
        event("playbook_on_play_start", "PLAY"),
        event("playbook_on_task_start", "TASK once"),
        event("runner_on_ok", "ok: a", host="a"),
        event("playbook_on_task_start", "TASK both"),
        event("runner_on_ok", "ok: a", host="a"),
        event("runner_on_ok", "ok: b", host="b"),
    )

    assert lines[2] == ["PLAY", "TASK both", "ok: b"]


def test_warnings_are_never_left_out() -> None:
    lines = Sink(a=1, b=2).route(
        event("playbook_on_task_start", "TASK 1"),
        event("warning", "[WARNING]: careful"),
        event("runner_on_ok", "ok: a", host="a"),
        event("playbook_on_task_start", "TASK 2"),
        event("runner_on_ok", "ok: b", host="b"),
    )

    assert lines[2] == ["[WARNING]: careful", "TASK 2", "ok: b"]


def test_lines_of_a_host_without_a_job_go_to_the_first() -> None:
    lines = Sink(a=1, b=2).route(event("runner_on_ok", "ok: added", host="added"))

    assert lines == {1: ["ok: added"], 2: []}


def test_a_line_about_a_connection_is_its_servers() -> None:
    lines = Sink([("192.0.2.7", 1), ("192.0.2.8", 2)], a=1, b=2).route(
        event("playbook_on_task_start", "TASK 1"),
        event("verbose", "<192.0.2.8> SSH: EXEC ssh"),
        event("verbose", "<a> ESTABLISH LOCAL CONNECTION"),
        event("verbose", "<192.0.2.99> of an added host"),
    )

    assert lines == {
        1: ["TASK 1", "<a> ESTABLISH LOCAL CONNECTION", "<192.0.2.99> of an added host"],
        2: ["TASK 1", "<192.0.2.8> SSH: EXEC ssh"],
    }


def test_what_is_printed_for_each_server_comes_once_to_each_log() -> None:
    told = event("verbose", "Using module file command.py")
    lines = Sink(a=1, b=2).route(
        event("playbook_on_task_start", "TASK 1"),
        *(told, event("runner_on_ok", "ok: a", host="a")),
        *(told, event("runner_on_ok", "ok: b", host="b")),
        event("playbook_on_task_start", "TASK 2"),
        *(told, event("runner_on_ok", "ok: a", host="a")),
    )

    assert lines[1] == ["TASK 1", told["stdout"], "ok: a", "TASK 2", told["stdout"], "ok: a"]
    assert lines[2] == ["TASK 1", told["stdout"], "ok: b", "TASK 2", told["stdout"]]


def test_lines_without_a_host_do_not_grow_with_the_square_of_the_servers() -> None:
    count = 300
    sink = Sink(**{f"host{number}": number for number in range(count)})
    lines = sink.route(
        event("playbook_on_task_start", "TASK 1"),
        *(event("verbose", f"file {number}") for number in range(count)),
        event("warning", "[WARNING]: careful"),
    )

    assert sum(map(len, lines.values())) < count * 60
    assert len(lines[0]) == count + 2  # the first log has them all
    assert all(said[-1] == "[WARNING]: careful" for said in lines.values())


def test_a_recap_of_many_servers_is_each_ones_own_row() -> None:
    names = [f"host{number}" for number in range(2000)]
    rows = [f"{name}  : ok=1" for name in names]
    lines = Sink(**{name: number for number, name in enumerate(names)}).route(
        event("playbook_on_stats", "RECAP", *rows, "")
    )

    assert lines[7] == ["RECAP", "host7  : ok=1", ""]
