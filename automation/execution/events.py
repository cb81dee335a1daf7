"""What ansible-playbook tells its worker: the events of our own callback, validated.

They come as JSON from `ansible_callbacks/infraops_events.py`. By kind:

hello       the channel is open: `ansible` and `python` are the versions
play        a play, or its next batch, begins: `task` names the play; `data` has its `pattern` and
            the `raw_pattern` as written
idle_play   a play has no host in this run: `data` has `pattern`, matching hosts `elsewhere`, and
            which of them tasks have `added`
task        a task begins, for any hosts
heading     the line above a task's results
text        anything else displayed, for a `host` or for none
include     a file is included: `data` has the hosts it is `included` for, `file` and `item`
diff        the difference that a task made on a host
item        one item of a loop has ended on a host: `data` has `status`, `result`
result      a task has ended on a host: as for `item`, and `whole` (all that the module returned),
            `whole_is_cut`, `ignored`, `rescued`, `facts`, `began`
not_queued  Ansible could not start a task for a host and went on without: `data` has the `reason`
recap       the end: `data` has `rows`, `counts`, and what else is known about the hosts
output      lines outside the channel: from before the callback was loaded, or from elsewhere
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KINDS = {
    *("hello", "play", "idle_play", "task", "heading", "text", "include", "diff"),
    *("item", "result", "not_queued", "recap", "output"),
}
ABOUT_A_HOST = {"diff", "item", "result", "not_queued"}


@dataclass(frozen=True)
class Task:
    """A task or a play.

    `name` is as displayed for this host, `written` as its author wrote it, `place` an absolute path
    with a line number.
    """

    uuid: str = ""
    name: str = ""
    written: str = ""
    action: str = ""
    place: str = ""
    play: str = ""

    @property
    def module(self) -> str:
        """The action without its collection."""
        return self.action.rpartition(".")[2]


@dataclass(frozen=True)
class Event:
    kind: str
    at: datetime
    text: str = ""
    host: str = ""
    task: Task = Task()
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The lines that it displays, without line ends."""
        return lines_in(self.text)

    @property
    def status(self) -> str:
        """Of a result or an item: "ok", "failed", "skipped" or "unreachable"."""
        return str(self.data.get("status", ""))

    @property
    def result(self) -> dict[str, Any]:
        """What the module returned, as far as it is needed: `msg`, `stderr` …, `changed`."""
        result = self.data.get("result")
        return result if isinstance(result, dict) else {}

    @property
    def is_ignored(self) -> bool:
        return bool(self.data.get("ignored"))

    @property
    def is_rescued(self) -> bool:
        return bool(self.data.get("rescued"))


def lines_in(text: str) -> list[str]:
    """The text's lines. Carriage returns within a line, as of a progress bar, stay."""
    if not text:
        return []
    lines = text.removesuffix("\n").split("\n")
    return [line.removesuffix("\r") for line in lines]


def parse_event(content: bytes) -> tuple[int, Event]:
    """(number, event). Raises ValueError for anything else."""
    told = json.loads(content)
    if not isinstance(told, dict) or told.get("kind") not in KINDS:
        raise ValueError("This is not an event.")
    event = Event(
        kind=told["kind"],
        at=_time(told.get("at")),
        text=_text(told, "text"),
        host=_text(told, "host"),
        task=Task(
            uuid=_text(told, "uuid"),
            name=_text(told, "task" if told["kind"] not in ("play", "idle_play") else "play"),
            written=_text(told, "raw_name"),
            action=_text(told, "action"),
            place=_text(told, "place"),
            play=_text(told, "play"),
        ),
        data=told,
    )
    if event.kind in ABOUT_A_HOST and not event.host:
        raise ValueError(f"This {event.kind} names no host.")
    return _number(told), event


def output(text: str) -> Event:
    """An event for output that came outside the channel."""
    return Event("output", datetime.now(UTC), text)


def _number(told: dict[str, Any]) -> int:
    number = told.get("number")
    if type(number) is not int:
        raise ValueError("This event has no number.")
    return number


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"“{name}” of an event must be text.")
    return value or ""


def _time(seconds: Any) -> datetime:
    """The time, capped at now: a host's fast clock must not date later events in the future."""
    now = datetime.now(UTC)
    try:
        return min(datetime.fromtimestamp(float(seconds), UTC), now)
    except (TypeError, ValueError, OverflowError, OSError):
        return now
