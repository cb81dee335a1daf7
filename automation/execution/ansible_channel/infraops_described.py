"""Part of infraops_events.py: plays, tasks and results as JSON-serialisable values."""

import json
from typing import Any

# Characters kept from each end of a text in a result. Displayed text has a far higher limit.
MOST_OF_A_TEXT = 64_000
# Between head and tail. The worker masks both, and then cuts off what may be half a secret.
SEAM = "\x00… [cut] …\x00"
TEXTS = ("msg", "reason", "stderr", "module_stderr", "stdout", "censored")
GATHERING = {"setup", "gather_facts"}
# Characters of a whole result. The worker masks it and stores far less.
MOST_OF_A_WHOLE = 1_000_000
MOST_ITEMS = 1_000
DEEPEST = 20


def task_of(task: Any, shown: str | None = None) -> dict[str, Any]:
    """A task as a dict: `task` is its name as displayed, `raw_name` as written by its author."""
    written = task.get_ds()
    play = getattr(task.play, "name", "") if getattr(task, "play", None) else ""
    return {
        "uuid": str(task._uuid),
        "task": shown or name_of(task),
        "raw_name": str(written.get("name") or "") if isinstance(written, dict) else "",
        "action": str(getattr(task, "resolved_action", None) or task.action),
        "place": task.get_path() or "",
        "play": play,
    }


def name_of(task: Any) -> str:
    return str(task.name or task.action)


def may_be_rescued(task: Any) -> bool:
    """True if a block around the task has a rescue section."""
    parent = task._parent
    while parent is not None:
        if getattr(parent, "rescue", None):
            return True
        parent = getattr(parent, "_parent", None)
    return False


def shortened(result: Any) -> dict[str, Any]:
    """The parts of a result that a stored row needs."""
    told = {name: _text_of(result[name]) for name in TEXTS if result.get(name) not in (None, "")}
    return {**told, "changed": bool(result.get("changed"))}


def _text_of(value: Any) -> str:
    """The text's head and tail: messages begin with what matters, output ends with it."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, skipkeys=True)
    if len(text) <= 2 * MOST_OF_A_TEXT:
        return text
    return text[:MOST_OF_A_TEXT] + SEAM + text[-MOST_OF_A_TEXT:]


def facts_of(result: Any, status: str) -> dict[str, Any] | None:
    """The facts in a result, without environment variables; None if it gathered none."""
    action = str(getattr(result.task, "resolved_action", None) or result.task.action)
    if status != "ok" or action.rpartition(".")[2] not in GATHERING:
        return None
    facts = result.result.get("ansible_facts")
    if not isinstance(facts, dict):
        return None
    return {name: value for name, value in facts.items() if name != "ansible_env"}


def whole(result: Any) -> dict[str, Any]:
    """Everything that a module returned, for display: `whole`, and whether it is cut.

    Without Ansible's own `_ansible_…` keys, and without facts, which are stored with their server.
    """
    own = {name: value for name, value in result.result.items() if not _is_inner(name)}
    action = str(getattr(result.task, "resolved_action", None) or result.task.action)
    if action.rpartition(".")[2] in GATHERING:
        own.pop("ansible_facts", None)
    bounded = _Bounded()
    return {"whole": bounded.copied(own), "whole_is_cut": bounded.is_cut}


def _is_inner(name: Any) -> bool:
    return str(name).startswith("_ansible_")


class _Bounded:
    """Copies a structure up to a number of characters; whatever it leaves out is marked."""

    def __init__(self) -> None:
        self.is_cut = False
        self._left = MOST_OF_A_WHOLE

    def copied(self, value: Any, depth: int = 0) -> Any:
        if self._left <= 0 or depth > DEEPEST:
            return self._cut("… [cut]")
        if isinstance(value, dict):
            return self._copied_dict(value, depth)
        if isinstance(value, list | tuple | set):
            copied = [self.copied(each, depth + 1) for each in list(value)[:MOST_ITEMS]]
            more = len(value) - len(copied)
            return [*copied, self._cut(f"… [{more} more cut]")] if more else copied
        if value is None or isinstance(value, bool | int | float):
            self._left -= 8
            return value
        return self._text(str(value))

    def _copied_dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        own = [(name, each) for name, each in value.items() if not _is_inner(name)]
        copied = {
            self._text(str(name)): self.copied(each, depth + 1) for name, each in own[:MOST_ITEMS]
        }
        more = len(own) - MOST_ITEMS
        return {**copied, "…": self._cut(f"[{more} more cut]")} if more > 0 else copied

    def _text(self, text: str) -> str:
        self._left -= len(text) + 4
        shown = _text_of(text)
        self.is_cut |= shown != text
        return shown

    def _cut(self, mark: str) -> str:
        self.is_cut = True
        return mark
