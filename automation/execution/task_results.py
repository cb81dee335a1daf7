"""Record what each task did on each host, from the run's events."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from automation.ansi import plain
from automation.cut_texts import beginning_of, end_of
from automation.models import TaskResult
from automation.models.results import DIFF_LENGTH, MESSAGE_LENGTH

from .events import Event, Task
from .masking import Masking
from .whole_results import kept_result

# Called with a job's id, or the name of a host that has no job, and the columns of a row.
Add = Callable[..., object]
Status = TaskResult.Status
INCLUDES = {"include_tasks", "include_role"}
HIDDEN = "The result is hidden (no_log)."
FAILURES = (Status.FAILED, Status.IGNORED, Status.RESCUED, Status.UNREACHABLE)


class TaskResults:
    """Call `note` with every event."""

    def __init__(self, jobs: dict[str, int], add: Add, masking: Masking, add_other: Add) -> None:
        """`jobs`: {host: job id}; `add_other` is for hosts without."""
        self._jobs = jobs
        self._add, self._add_other = add, add_other
        self._masking = masking
        self._diffs: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._items: dict[tuple[str, str], _Items] = defaultdict(lambda: _Items(masking.result))
        self._includes: dict[str, Event] = {}

    def note(self, event: Event) -> None:
        if event.kind == "include":
            self._included(event)
        place = event.host, event.task.uuid
        if event.kind == "diff":
            self._diffs[place] += map(plain, event.lines)
        elif event.kind == "item":
            self._items[place].note(event)
        elif event.kind == "result" and event.task.module != "meta":
            self._ended(event)

    def _ended(self, event: Event) -> None:
        place = event.host, event.task.uuid
        items = self._items.pop(place, None) or _Items(self._masking.result)
        diff = self._diffs.pop(place, [])
        if event.status == "ok" and event.task.module in INCLUDES:
            self._includes[event.host] = event  # counted once per file that it includes
            return
        is_changed = bool(event.result.get("changed") or items.changed)
        status = _status(event, is_changed)
        message = items.message(status) or result_message(event.result, self._masking.result)
        self._record(event.host, event.task, event, status, message, is_changed, diff)

    def _included(self, event: Event) -> None:
        """Record an include as successful on a host once per included file."""
        file = self._masking.place(str(event.data.get("file") or ""))
        item = str(event.data.get("item") or "")
        message = f"Included {file}{f' => {item}' if item else ''}"
        for host in event.data.get("included", []):
            own = self._includes.get(host)
            if own is not None:
                self._record(host, own.task, own, Status.OK, message, False, [])

    def _record(
        self,
        host: str,
        task: Task,
        event: Event,
        status: str,
        message: str,
        is_changed: bool,
        diff: list[str],
    ) -> None:
        started_at, duration = _timing(event)
        text, name = self._masking.text, self._masking.name
        was_cut = bool(event.data.get("whole_is_cut"))
        whole = event.data.get("whole")
        result, is_cut = kept_result(whole, self._masking.result, is_cut=was_cut)
        job = self._jobs.get(host)
        add = self._add_other if job is None else self._add
        add(
            _fitting(text(host), 255) if job is None else job,
            play=_fitting(name(task.play), 255),
            task=_fitting(name(task.name, task.written), 255),
            action=_fitting(task.action, 255),
            status=status,
            changed=is_changed,
            started_at=started_at,
            duration=duration,
            path=_fitting(self._masking.place(task.place), 500),
            message=_fitting(text(message), MESSAGE_LENGTH),
            diff=_fitting(text("\n".join(diff).strip("\n")), DIFF_LENGTH),
            result=result,
            result_is_cut=is_cut,
        )


class _Items:
    """What the items of a loop say about the task as a whole."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self.changed = False
        self._mask = mask
        self._count = 0
        self._failure = ""

    def note(self, event: Event) -> None:
        self._count += 1
        self.changed |= bool(event.result.get("changed"))
        if event.status == "failed":
            self._failure = result_message(event.result, self._mask)

    def message(self, status: str) -> str:
        """The failed item's message for a failure; otherwise the number of items, if any."""
        if status in FAILURES and self._failure:
            return self._failure
        return f"{self._count} item{'s' if self._count > 1 else ''}" if self._count else ""


def result_message(result: dict[str, Any], mask: Callable[[str], str]) -> str:
    """A module's message for a list: `msg`, or the end of its output.

    Masked before it is cut: half a secret would not be recognised.
    """
    if "censored" in result:
        return HIDDEN
    parts = [mask(str(result.get("msg") or "")).strip()]
    for stream in ("stderr", "module_stderr", "stdout"):
        if said := str(result.get(stream) or "").strip():
            parts.append(end_of(mask(said)))
            break
    return " — ".join(filter(None, parts))


def _status(event: Event, is_changed: bool) -> str:
    if event.status == "ok":
        return Status.CHANGED if is_changed else Status.OK
    if event.status == "failed" and event.is_rescued:
        return Status.RESCUED
    return Status.IGNORED if event.is_ignored else event.status


def _timing(event: Event) -> tuple[datetime, float]:
    """(start, seconds). If no start was reported: the end, and 0."""
    try:
        began = datetime.fromtimestamp(float(event.data["began"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return event.at, 0.0
    began = min(began, event.at)
    return began, (event.at - began).total_seconds()


def _fitting(text: str, length: int) -> str:
    """The text, cut to `length` and without what databases reject."""
    text = text.replace("\x00", "").encode(errors="replace").decode()
    return beginning_of(text, length)
