"""The event channel from ansible-playbook to its worker: order, gaps, hostile content."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from automation.execution.channel import ChannelReader
from automation.execution.events import Event, parse_event
from automation.execution.outbox import Closed, Outbox
from tests.private_servers import wait_until


class Listening:
    """A channel with the events it received, and its writing ends."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[Event] = []
        self.is_closed = False
        self.channel = ChannelReader(folder, self.note, self.close)
        self.events = os.open(self.channel.events_path, os.O_WRONLY)
        self.output = os.open(self.channel.output_path, os.O_WRONLY)
        self.channel.start()

    def note(self, event: Event) -> None:
        self.heard.append(event)

    def close(self, skipped: int) -> None:
        self.is_closed = True
        assert skipped == self.channel.skipped

    def send(self, **event: Any) -> None:
        self.send_raw(json.dumps(event).encode())

    def send_raw(self, content: bytes) -> None:
        os.write(self.events, len(content).to_bytes(4, "big") + content)

    def end(self) -> list[str]:
        """The texts of all events."""
        self.channel.finish()
        self.channel.join()
        return [event.text for event in self.heard]


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    listening = Listening(tmp_path)
    yield listening
    listening.end()
    listening.channel.release()
    os.close(listening.events)
    os.close(listening.output)


def test_events_come_whole_and_in_order_however_they_are_cut(listening: Listening) -> None:
    content = b"".join(
        len(each).to_bytes(4, "big") + each
        for each in (
            json.dumps({"kind": "text", "number": number, "text": "ü" * number}).encode()
            for number in range(40)
        )
    )
    for at in range(0, len(content), 7):
        os.write(listening.events, content[at : at + 7])

    assert listening.end() == ["ü" * number for number in range(40)]
    assert listening.channel.failed is None
    assert listening.is_closed


def test_what_was_printed_before_an_event_stands_before_it(listening: Listening) -> None:
    os.write(listening.output, b"first\nhalf a li")
    listening.send(kind="text", number=0, text="second\n")
    wait_until(lambda: len(listening.heard) == 2, seconds=10, what="both")
    os.write(listening.output, b"ne")

    assert listening.end() == ["first\n", "second\n", "half a line\n"]
    assert [event.kind for event in listening.heard] == ["output", "text", "output"]


def test_a_missing_event_ends_it_with_its_number(listening: Listening) -> None:
    listening.send(kind="text", number=0, text="here")
    listening.send(kind="text", number=2, text="not believed")

    assert listening.end() == ["here"]
    assert "Event 1 is missing" in str(listening.channel.failed)
    assert not listening.is_closed


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"\xff\xfe",
        b"[]",
        b'{"kind": "unknown", "number": 0}',
        b'{"kind": "result", "number": 0, "task": "about no host"}',
        b'{"kind": "text", "number": 0, "text": 5}',
        b'{"kind": "text", "number": "0"}',
        b"[" * 100_000,
    ],
)
def test_a_broken_event_is_skipped_and_the_next_is_heard(
    listening: Listening, content: bytes
) -> None:
    listening.send_raw(content)
    listening.send(kind="text", number=1, text="next")

    assert listening.end() == ["next"]
    assert (listening.channel.skipped, listening.channel.failed) == (1, None)


def test_a_length_that_no_event_has_is_not_waited_for(listening: Listening) -> None:
    os.write(listening.events, b"\xff\xff\xff\xff")

    listening.end()
    assert "too large" in str(listening.channel.failed)


def test_bytes_that_are_no_text_and_lines_without_an_end_are_shown(listening: Listening) -> None:
    os.write(listening.output, b"\xff ok\n" + b"x" * 40_000)

    assert listening.end() == ["� ok\n", "x" * 40_000 + "\n"]


@pytest.mark.parametrize("seconds", [253_000_000_000, "soon", None, float("inf"), [1]])
def test_no_event_is_of_days_to_come(seconds: Any) -> None:
    told = json.dumps({"kind": "text", "number": 0, "at": seconds}).encode()

    assert parse_event(told)[1].at <= datetime.now(UTC)


# --- The outbox -----------------------------------------------------------------------------------


def nothing() -> None:
    pass


def started(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def test_rows_come_out_in_order_and_in_helpings() -> None:
    outbox, said = Outbox(), []
    for number in range(5):
        outbox.put(lambda number=number: said.append(number), 1)

    for write in [*outbox.take(3), *outbox.take(3)]:
        write()

    assert said == [0, 1, 2, 3, 4]
    assert outbox.is_empty


def test_a_full_outbox_keeps_waiting_until_some_of_it_is_taken() -> None:
    outbox = Outbox()
    outbox.put(nothing, outbox.MOST_CHARACTERS)
    waiting = started(lambda: outbox.put(nothing, 1))
    assert outbox.is_full and waiting.is_alive()

    assert len(outbox.take(1)) == 1
    waiting.join(10)

    assert len(outbox.take(10)) == 1


def test_whoever_waits_at_a_closed_outbox_is_let_go() -> None:
    outbox, errors = Outbox(), []
    outbox.put(nothing, outbox.MOST_CHARACTERS)

    def put() -> None:
        try:
            outbox.put(nothing, 1)
        except Closed as error:
            errors.append(error)

    waiting = started(put)
    outbox.close()
    waiting.join(10)

    assert len(errors) == 1
