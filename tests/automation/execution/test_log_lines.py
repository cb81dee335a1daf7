"""Turning events into lines, and routing each line to its job."""

from datetime import UTC, datetime
from typing import Any

import pytest

from automation.execution.events import Event, Task, lines_in
from automation.execution.log_lines import LogRouter, level_of
from automation.execution.masking import Masking

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def event(kind: str, *lines: str, host: str = "", task: str = "", **data: Any) -> Event:
    """An event as the channel delivers it."""
    text = "".join(f"{line}\n" for line in lines)
    return Event(kind, AT, text, host, Task(uuid=task), data)


def ok(host: str, *lines: str, task: str = "") -> Event:
    return event("result", *(lines or [f"ok: {host}"]), host=host, task=task, status="ok")


def heading(*lines: str, host: str = "", task: str = "") -> Event:
    return event("heading", *lines, host=host, task=task)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n", [""]),
        ("\nPLAY RECAP\n\n", ["", "PLAY RECAP", ""]),
        ("10%\r20%\r\ndone\n", ["10%\r20%", "done"]),
        ("without an end", ["without an end"]),
    ],
)
def test_a_text_is_its_physical_lines(text: str, lines: list[str]) -> None:
    assert lines_in(text) == lines


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (ok("a"), "info"),
        (event("result", "fatal", host="a", status="failed"), "error"),
        (event("result", "fatal", host="a", status="failed", ignored=True), "warning"),
        (event("result", "fatal", host="a", status="failed", rescued=True), "warning"),
        (event("item", "failed", host="a", status="failed"), "error"),
        (event("result", "fatal", host="a", status="unreachable"), "error"),
        (event("text", "[WARNING]: old"), "warning"),
        (event("output", "[ERROR]: YAML"), "error"),
        (event("text", "<a> connecting"), "info"),
        (heading("TASK [x]"), "info"),
    ],
)
def test_level(found: Event, level: str) -> None:
    assert level_of(found, found.text) == level


class Sink:
    """Collects lines by job."""

    def __init__(self, addresses: Any = (), secrets: Any = (), **jobs: int) -> None:
        self.lines: dict[int, list[str]] = {job: [] for job in jobs.values()}
        self.printed: list[str] = []
        self.router = LogRouter(jobs, self._add, addresses, Masking(secrets, jobs), self._print)

    def _print(self, lines: Any) -> None:
        self.printed += [line for line, _, _ in lines]

    def _add(self, job: int, line: str, level: str, at: datetime) -> None:
        self.lines[job].append(line)

    def route(self, *events: Event) -> dict[int, list[str]]:
        for each in events:
            self.router.route(each)
        self.router.close()
        return self.lines


def recap(*hosts: str, rest: str = "") -> Event:
    rows = [[f"{host}  : ok=1\n", host] for host in hosts]
    return event("recap", "RECAP", rows=rows, rest=rest)


def test_with_one_job_everything_is_its_own_in_order() -> None:
    lines = Sink(a=1).route(
        event("play", "PLAY"),
        ok("stranger"),
        recap(),
    )

    assert lines == {1: ["PLAY", "ok: stranger", "RECAP"]}


def test_with_two_jobs_headings_go_to_both_and_results_to_their_own() -> None:
    lines = Sink(a=1, b=2).route(
        event("play", "PLAY"),
        heading("TASK 1"),
        ok("a"),
        ok("b"),
        recap("a", "b"),
    )

    assert lines == {
        1: ["PLAY", "TASK 1", "ok: a", "RECAP", "a  : ok=1"],
        2: ["PLAY", "TASK 1", "ok: b", "RECAP", "b  : ok=1"],
    }


def test_a_heading_of_a_task_that_a_server_had_no_part_in_is_left_out() -> None:
    lines = Sink(a=1, b=2).route(
        event("play", "PLAY"),
        heading("TASK once"),
        ok("a"),
        heading("TASK both"),
        ok("a"),
        ok("b"),
    )

    assert lines[2] == ["PLAY", "TASK both", "ok: b"]


def test_warnings_are_never_left_out() -> None:
    lines = Sink(a=1, b=2).route(
        heading("TASK 1"),
        event("text", "[WARNING]: careful"),
        ok("a"),
        heading("TASK 2"),
        ok("b"),
    )

    assert lines[2] == ["[WARNING]: careful", "TASK 2", "ok: b"]


def test_lines_of_a_host_without_a_job_go_to_the_first() -> None:
    lines = Sink(a=1, b=2).route(ok("added"))

    assert lines == {1: ["ok: added"], 2: []}


def test_a_line_about_a_connection_is_its_servers() -> None:
    lines = Sink([("192.0.2.7", 1), ("192.0.2.8", 2)], a=1, b=2).route(
        heading("TASK 1"),
        event("text", "<192.0.2.8> SSH: EXEC ssh"),
        event("text", "<a> ESTABLISH LOCAL CONNECTION"),
        event("text", "<192.0.2.99> of an added host"),
    )

    assert lines == {
        1: ["TASK 1", "<a> ESTABLISH LOCAL CONNECTION", "<192.0.2.99> of an added host"],
        2: ["TASK 1", "<192.0.2.8> SSH: EXEC ssh"],
    }


def test_what_is_printed_for_each_server_comes_once_to_each_log() -> None:
    told = event("text", "Using module file command.py")
    lines = Sink(a=1, b=2).route(
        heading("TASK 1"),
        *(told, ok("a")),
        *(told, ok("b")),
        heading("TASK 2"),
        *(told, ok("a")),
    )

    assert lines[1] == [
        "TASK 1",
        "Using module file command.py",
        "ok: a",
        "TASK 2",
        "Using module file command.py",
        "ok: a",
    ]
    assert lines[2] == [
        "TASK 1",
        "Using module file command.py",
        "ok: b",
        "TASK 2",
        "Using module file command.py",
    ]


def test_lines_without_a_host_do_not_grow_with_the_square_of_the_servers() -> None:
    count = 300
    sink = Sink(**{f"host{number}": number for number in range(count)})
    lines = sink.route(
        heading("TASK 1"),
        *(event("text", f"file {number}") for number in range(count)),
        event("text", "[WARNING]: careful"),
    )

    assert sum(map(len, lines.values())) < count * 60
    assert len(lines[0]) == count + 2  # the first log has all of them
    assert all(said[-1] == "[WARNING]: careful" for said in lines.values())


def test_a_recap_of_many_servers_is_each_ones_own_row() -> None:
    names = [f"host{number}" for number in range(2000)]
    lines = Sink(**{name: number for number, name in enumerate(names)}).route(
        recap(*names, rest="\n")
    )

    assert lines[7] == ["RECAP", "host7  : ok=1", ""]


def test_with_the_strategy_free_a_result_stands_under_its_own_heading() -> None:
    lines = Sink(a=1, b=2).route(
        event("play", "PLAY"),
        *(heading("TASK 1", host="a", task="1"), ok("a", task="1")),
        *(heading("TASK 2", host="a", task="2"), ok("a", task="2")),
        *(heading("TASK 1", host="b", task="1"), ok("b", task="1"), ok("b", "and b", task="1")),
        ok("a", "still 2", task="2"),
    )

    assert lines[1] == ["PLAY", "TASK 1", "ok: a", "TASK 2", "ok: a", "still 2"]
    assert lines[2] == ["PLAY", "TASK 1", "ok: b", "and b"]


def test_a_file_is_included_for_each_server_alone() -> None:
    said = event("include", "included: web.yml for a, b => (item=1)", included=["a", "b"])
    lines = Sink(a=1, b=2, c=3).route(said)

    assert lines[1] == ["included: web.yml for a => (item=1)"]
    assert lines[2] == ["included: web.yml for b => (item=1)"]
    assert lines[3] == []


def test_a_secret_that_is_part_of_names_changes_no_structure() -> None:
    lines = Sink(web1=1, web2=2, secrets=[("secret_name", "web")]).route(
        Event("heading", AT, "TASK [Deploy web] ***\n", task=Task("1", "Deploy web", "Deploy web")),
        ok("web1", "ok: [web1] => web for web1, and not web2web"),
        ok("web2", "ok: [web2]"),
        recap("web1", "web2"),
    )

    assert lines[1] == [
        "TASK [Deploy web] ***",
        "ok: [web1] => ******** for web1, and not ********2********",
        "RECAP",
        "web1  : ok=1",
    ]
    assert lines[2] == ["TASK [Deploy web] ***", "ok: [web2]", "RECAP", "web2  : ok=1"]


def test_a_name_that_was_filled_in_with_a_secret_is_shown_as_it_is_written() -> None:
    named = Task("1", "Log in with hunter2hunter2", "Log in with {{ password }}")
    text = "TASK [Log in with hunter2hunter2] ***\n"
    lines = Sink(a=1, secrets=[("password", "hunter2hunter2")]).route(
        Event("heading", AT, text, task=named)
    )

    assert lines[1] == ["TASK [Log in with {{ password }}] ***"]


def test_a_name_that_holds_a_secret_as_it_is_written_is_masked_whole() -> None:
    named = Task("1", "Log in with hunter2hunter2", "Log in with hunter2hunter2")
    text = "TASK [Log in with hunter2hunter2] ***\n"
    lines = Sink(a=1, secrets=[("password", "hunter2hunter2")]).route(
        Event("heading", AT, text, task=named)
    )

    assert lines[1] == ["TASK [********] ***"]


def test_a_play_that_matches_nobody_leaves_no_line_in_the_logs_of_those_it_is_not_for() -> None:
    idle = Task("", "Build", "Build")
    lines = Sink(a=1, b=2).route(
        Event("play", AT, "PLAY [Build]\n", task=idle),
        Event("idle_play", AT, "skipping: no hosts matched\n", task=idle),
        event("play", "PLAY [Web]"),
        ok("a"),
        Event("play", AT, "PLAY [Last]\n", task=idle),
        Event("idle_play", AT, "skipping: no hosts matched\n", task=idle),
        recap("a", "b"),
    )

    last = ["PLAY [Last]", "skipping: no hosts matched", "RECAP"]
    assert lines[1] == ["PLAY [Web]", "ok: a", *last, "a  : ok=1"]
    assert lines[2] == [*last, "b  : ok=1"]


def test_what_is_printed_is_kept_once_and_in_its_order() -> None:
    """Headings that no log needs, both servers' recap rows, an include for several servers."""
    sink = Sink(a=1, b=2, secrets=[("token", "hunter2hunter2")])
    sink.route(
        event("play", "PLAY"),
        heading("TASK skipped in silence"),
        heading("TASK 1"),
        ok("b"),
        ok("a", "ok: a with hunter2hunter2"),
        ok("a stranger"),
        event("include", "included: web.yml for a, b", included=["a", "b"]),
        *(heading("TASK 2", host="b", task="2"), ok("b", "ok: b again", task="2")),
        event("text", "[WARNING]: careful"),
        recap("a", "b", rest="\n"),
    )

    assert sink.printed == [
        "PLAY",
        "TASK skipped in silence",
        "TASK 1",
        "ok: b",
        "ok: a with ********",
        "ok: a stranger",
        "included: web.yml for a, b",
        "TASK 2",
        "ok: b again",
        "[WARNING]: careful",
        "RECAP",
        "a  : ok=1",
        "b  : ok=1",
        "",
    ]
