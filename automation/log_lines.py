"""Turns the runner's events into lines, each for the job that it concerns."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .ansi import plain
from .models import JobLog

Add = Callable[[int, str, str, datetime], None]

PLAY, TASK, OTHER, RECAP = "play", "task", "other", "recap"
KINDS = {
    "playbook_on_play_start": PLAY,
    "playbook_on_task_start": TASK,
    "playbook_on_handler_task_start": TASK,
    "playbook_on_stats": RECAP,
}


def lines_of(event: dict[str, Any]) -> list[str]:
    """The physical lines that an event printed: `end_line - start_line` of them."""
    count = event.get("end_line", 0) - event.get("start_line", 0)
    stdout = event.get("stdout", "")
    lines = stdout.split("\r\n") if stdout or count else []
    return lines + [""] * (count - len(lines))


def level_of(event: dict[str, Any], line: str) -> str:
    """How serious a line is: from the event, or from the mark that Ansible puts before it."""
    kind, data = event.get("event", ""), event.get("event_data", {})
    if kind.endswith(("_on_failed", "_on_unreachable")):
        return JobLog.Level.WARNING if data.get("ignore_errors") else JobLog.Level.ERROR
    if "[WARNING]" in line or "[DEPRECATION WARNING]" in line:
        return JobLog.Level.WARNING
    if kind == "verbose" and ("[ERROR]" in line or "ERROR!" in line):
        return JobLog.Level.ERROR
    if kind == "debug":
        return JobLog.Level.DEBUG
    return JobLog.Level.INFO


def time_of(event: dict[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(event["created"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class LogRouter:
    """Gives each line to the job of its host.

    With one job every line is its own, at once. With more, lines without a host (headings,
    warnings) wait for each job's next own line, and a heading that a newer one follows is left
    out: each log then reads as if the playbook had run on that server alone. Lines of a host that
    has no job (`add_host`) go to the first job.
    """

    def __init__(self, jobs: dict[str, int], add: Add) -> None:
        self._jobs = jobs
        self._add = add
        self._first = next(iter(jobs.values()))
        self._shared: dict[int, list[tuple[str, list[tuple[str, str, datetime]]]]] = {
            job: [] for job in jobs.values()
        }

    def route(self, event: dict[str, Any]) -> None:
        at = time_of(event)
        lines = [(line, level_of(event, line), at) for line in lines_of(event)]
        if not lines:
            return
        host = event.get("event_data", {}).get("host")
        if len(self._jobs) == 1:
            self._give(self._first, lines)
        elif host:
            job = self._jobs.get(host, self._first)
            self._give_shared(job)
            self._give(job, lines)
        else:
            self._share(KINDS.get(event.get("event", ""), OTHER), lines)

    def close(self) -> None:
        """At the end: each job gets what no line of its own has called for."""
        for job in self._shared:
            self._give_shared(job)

    def _share(self, kind: str, lines: list[tuple[str, str, datetime]]) -> None:
        for job, waiting in self._shared.items():
            if kind in (PLAY, TASK):
                superseded = (TASK,) if kind == TASK else (PLAY, TASK)
                waiting[:] = [item for item in waiting if item[0] not in superseded]
            mine = self._recap_of(job, lines) if kind == RECAP else lines
            waiting.append((kind, mine))

    def _give_shared(self, job: int) -> None:
        for _kind, lines in self._shared[job]:
            self._give(job, lines)
        self._shared[job].clear()

    def _recap_of(self, job: int, lines: list) -> list:
        """The recap without the other servers' rows."""
        others = {host for host, owner in self._jobs.items() if owner != job}
        return [item for item in lines if plain(item[0]).split(":")[0].strip() not in others]

    def _give(self, job: int, lines: list[tuple[str, str, datetime]]) -> None:
        for line, level, at in lines:
            self._add(job, line, level, at)
