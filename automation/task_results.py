"""What each task did on each job's server, from the runner's events."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from .ansi import plain
from .log_lines import INCLUDED, lines_of, time_of
from .models import TaskResult
from .models.results import DIFF_LENGTH, MESSAGE_LENGTH

# Takes a job's key and the columns of a row; gives back the row's number.
Add = Callable[..., int]
Status = TaskResult.Status
INCLUDES = {"include_tasks", "include_role"}
HIDDEN = "The result is hidden (no_log)."
CUT = "… [cut]"
# At its head Ansible prints "changed: [web1]", also of a result that it hides otherwise.
CHANGED = re.compile(r"^changed: \[", re.MULTILINE)


class TaskResults:
    """Fed with every event; `rescued` says at the end what stands otherwise than it was written."""

    def __init__(
        self, jobs: dict[str, int], add: Add, shown: Callable[[str], str], root: str
    ) -> None:
        """`jobs`: key by host. `shown` takes secrets and private paths out of a text; places below
        `root` are named from there.
        """
        self._jobs = jobs
        self._add = add
        self._shown = shown
        self._root = root
        self._diffs: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._items: dict[tuple[str, str], _Items] = defaultdict(_Items)
        self._includes: dict[str, dict[str, Any]] = {}
        self._failed: dict[str, list[int]] = defaultdict(list)

    def note(self, event: dict[str, Any]) -> None:
        kind, data = event.get("event", ""), event.get("event_data", {})
        if kind == "playbook_on_include":
            self._included(event, data)
        if data.get("host") not in self._jobs or not data.get("task"):
            return
        place = data["host"], data.get("task_uuid", "")
        if kind == "runner_on_file_diff":
            self._diffs[place] += map(plain, lines_of(event))
        elif kind.startswith("runner_item_on_"):
            self._items[place].note(kind, data, event)
        elif kind in RESULTS and _name(data) != "meta":
            self._ended(kind, event, data)

    def rescued(self, stats: dict[str, Any] | None) -> dict[int, list[int]]:
        """Numbers of the results that were written as failed and then rescued, by job.

        Ansible says how many, not which: a host ends with the failure that nobody rescues.
        """
        counts = (stats or {}).get("rescued") or {}
        return {
            self._jobs[host]: numbers[: counts[host]]
            for host, numbers in self._failed.items()
            if counts.get(host)
        }

    def _ended(self, kind: str, event: dict[str, Any], data: dict[str, Any]) -> None:
        host, place = data["host"], (data["host"], data.get("task_uuid", ""))
        items, diff = self._items.pop(place, _Items()), self._diffs.pop(place, [])
        if kind == "runner_on_ok" and _name(data) in INCLUDES:
            self._includes[host] = data  # counted once for each file that it then includes
            return
        result = data.get("res") or {}
        is_changed = bool(result.get("changed") or items.changed or _printed_changed(event))
        status = _status(kind, event, data, is_changed)
        message = items.message(status) or message_of(result)
        number = self._record(host, data, status, message, is_changed, diff)
        if status == Status.FAILED:
            self._failed[host].append(number)

    def _included(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """An include succeeds on a host as often as Ansible includes a file for it.

        The event names the task that began last, of whatever host: not this one's, where each
        goes at its own pace.
        """
        match = INCLUDED.match(plain(event.get("stdout", "")))
        if match is None:
            return
        for host in match["hosts"].split(", "):
            own = self._includes.get(host, {})
            if host in self._jobs:
                file = self._place(data.get("included_file") or "")
                message = f"Included {file}{match['item'] or ''}"
                timed = {**data, **own, **_times(own, event)}
                self._record(host, timed, Status.OK, message, False, [])

    def _record(
        self,
        host: str,
        data: dict[str, Any],
        status: str,
        message: str,
        is_changed: bool,
        diff: list[str],
    ) -> int:
        started_at, duration = _timing(data)
        return self._add(
            self._jobs[host],
            play=_fitting(data.get("play") or "", 255),
            task=_fitting(self._shown(data["task"]), 255),
            action=_fitting(data.get("task_action") or "", 255),
            status=status,
            changed=is_changed,
            started_at=started_at,
            duration=duration,
            path=_fitting(self._place(data.get("task_path") or ""), 500),
            message=_fitting(self._shown(message), MESSAGE_LENGTH),
            diff=_fitting(self._shown("\n".join(diff).strip("\n")), DIFF_LENGTH),
        )

    def _place(self, path: str) -> str:
        return self._shown(path).removeprefix(self._root)


class _Items:
    """What the items of a loop say about the whole."""

    def __init__(self) -> None:
        self.changed = False
        self._count = 0
        self._failure = ""

    def note(self, kind: str, data: dict[str, Any], event: dict[str, Any]) -> None:
        result = data.get("res") or {}
        self._count += 1
        self.changed |= bool(result.get("changed")) or _printed_changed(event)
        if kind == "runner_item_on_failed":
            self._failure = message_of(result)

    def message(self, status: str) -> str:
        """Of a failure the item's that failed; else how many items there were, if any."""
        if status in FAILURES and self._failure:
            return self._failure
        return f"{self._count} item{'s' if self._count > 1 else ''}" if self._count else ""


RESULTS = {
    "runner_on_ok": Status.OK,
    "runner_on_failed": Status.FAILED,
    "runner_on_skipped": Status.SKIPPED,
    "runner_on_unreachable": Status.UNREACHABLE,
}
FAILURES = (Status.FAILED, Status.IGNORED, Status.UNREACHABLE)


def message_of(result: dict[str, Any]) -> str:
    """What a module said, for a list: its message, or the end of what it printed."""
    if "censored" in result:
        return HIDDEN
    message = result.get("msg")
    parts = [message.strip()] if isinstance(message, str) else []
    for stream in ("stderr", "module_stderr", "stdout"):
        if said := str(result.get(stream) or "").strip():
            parts.append(said[-500:])
            break
    return " — ".join(filter(None, parts))


def _status(kind: str, event: dict[str, Any], data: dict[str, Any], is_changed: bool) -> str:
    status = RESULTS[kind]
    # Of an unreachable host, the event itself does not say whether that is ignored.
    is_ignored = plain(event.get("stdout", "")).rstrip().endswith("...ignoring")
    if status in FAILURES and (data.get("ignore_errors") or is_ignored):
        return Status.IGNORED
    return Status.CHANGED if status == Status.OK and is_changed else status


def _name(data: dict[str, Any]) -> str:
    """The action without its collection."""
    return str(data.get("resolved_action") or data.get("task_action") or "").rpartition(".")[2]


def _printed_changed(event: dict[str, Any]) -> bool:
    return CHANGED.search(plain(event.get("stdout", ""))) is not None


def _times(start: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    began, ended = start.get("start"), time_of(event)
    return {"start": began or ended.isoformat(), "duration": start.get("duration") or 0.0}


def _timing(data: dict[str, Any]) -> tuple[datetime, float]:
    """When it began, and its seconds; now and 0 where the event has no times."""
    duration = float(data.get("duration") or 0.0)
    try:
        began = datetime.fromisoformat(data["start"])
    except (KeyError, TypeError, ValueError):
        return datetime.now(UTC) - timedelta(seconds=duration), duration
    return (began if began.tzinfo else began.replace(tzinfo=UTC)), duration


def _fitting(text: str, length: int) -> str:
    """At most so long, and nothing in it that a database refuses."""
    text = text.replace("\x00", "").encode(errors="replace").decode()
    return text if len(text) <= length else text[: length - len(CUT)] + CUT
