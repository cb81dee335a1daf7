"""Turns the runner's events into lines, each for the job that it concerns."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from .ansi import plain
from .models import JobLog

Add = Callable[[int, str, str, datetime], None]
Lines = list[tuple[str, str, datetime]]

PLAY, TASK, OTHER, RECAP = "play", "task", "other", "recap"
KINDS = {
    "playbook_on_play_start": PLAY,
    "playbook_on_task_start": TASK,
    "playbook_on_handler_task_start": TASK,
    "playbook_on_stats": RECAP,
}
# "included: tasks/web.yml for web1, web2 => (item=a)"
INCLUDED = re.compile(
    r"included: .+? for (?P<hosts>[^\s,]+(?:, [^\s,]+)*)(?P<item> => \(item=.*\))?\s*\Z", re.DOTALL
)
HEADING = re.compile(r"[A-Z ]+ \[.*\].* \*{3}")
TASK_PATH = "task path: "
# "<192.0.2.7> SSH: EXEC ssh …": what Ansible tells from -vvv on about a connection.
ADDRESSED = re.compile(r"<([^<>\s]+)> ")
# How many texts without a host each job gets below one heading; further ones, that warn of nothing,
# go to the first job. At -vvvv they grow with the servers, and would with their square.
MOST_SHARED = 50
LOUD = (JobLog.Level.WARNING, JobLog.Level.ERROR)


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


@dataclass
class _Shared:
    """Lines without a host, waiting in several jobs."""

    kind: str
    task: str
    lines: Lines
    # Some job's log has them: they stand above a line of its own.
    is_used: bool = False

    def gives_way_to(self, kind: str) -> bool:
        """A heading to the next one; at the end only if it was another job's (`serial`)."""
        if kind == RECAP:
            return self.kind in (PLAY, TASK) and self.is_used
        return self.kind == TASK if kind == TASK else kind == PLAY and self.kind in (PLAY, TASK)


class LogRouter:
    """Gives each line to the job of its host.

    With one job every line is its own, at once. With more, lines without a host (headings,
    warnings) wait for each job's next own line, and a heading that a newer one follows is left
    out: each log then reads as if the playbook had run on that server alone. Lines of a host that
    has no job (`add_host`) go to the first job. A line about a connection is that of the job with
    this address, if only one has it.
    """

    def __init__(
        self, jobs: dict[str, int], add: Add, addresses: Iterable[tuple[str, int]] = ()
    ) -> None:
        self._jobs = jobs
        self._add = add
        self._at: dict[str, set[int]] = defaultdict(set)
        for address, job in [*jobs.items(), *addresses]:
            self._at[address].add(job)
        # What has been shared since the last heading: a text comes once to each log.
        self._said: set[str] = set()
        self._first = next(iter(jobs.values()))
        self._shared: dict[int, list[_Shared]] = {job: [] for job in jobs.values()}
        self._headings = _Headings()

    def route(self, event: dict[str, Any]) -> None:
        at = time_of(event)
        lines = [(line, level_of(event, line), at) for line in lines_of(event)]
        # An include prints nothing but its heading, and that only for the first server.
        if not lines and event.get("event") != "runner_on_ok":
            return
        data = event.get("event_data", {})
        host, task = data.get("host"), data.get("task_uuid", "")
        if len(self._jobs) == 1:
            self._give(self._first, lines)
        elif host:
            job = self._jobs.get(host, self._first)
            self._give_shared(job)
            self._give(job, self._headings.under_theirs(job, task, lines))
        elif included := INCLUDED.match(plain("\n".join(line for line, _, _ in lines))):
            self._give_included(included["hosts"], lines)
        elif jobs := self._addressed(lines):
            self._give_shared(jobs)
            self._give(jobs, lines)
        else:
            self._share(KINDS.get(event.get("event", ""), OTHER), task, lines)

    def close(self) -> None:
        """At the end: each job gets what no line of its own has called for."""
        for job in self._shared:
            self._give_shared(job)

    def _addressed(self, lines: Lines) -> int | None:
        """The job whose connection the lines are about; the first one, where that has no job."""
        match = ADDRESSED.match(plain(lines[0][0])) if lines else None
        if match is None:
            return None
        jobs = self._at.get(match[1], {self._first})
        return next(iter(jobs)) if len(jobs) == 1 else None

    def _said_enough(self, lines: Lines) -> bool:
        """Whether the logs should not all have it: each has this text below its heading already,
        or so many that only the first job takes more."""
        text = "\n".join(line for line, _, _ in lines)
        if text.strip() and text in self._said:
            return True
        self._said.add(text)
        if len(self._said) <= MOST_SHARED or any(level in LOUD for _, level, _ in lines):
            return False
        self._give(self._first, lines)
        return True

    def _share(self, kind: str, task: str, lines: Lines) -> None:
        if kind != OTHER:
            self._said.clear()
        elif self._said_enough(lines):
            return
        shared = _Shared(kind, task, lines)
        recaps = self._recaps(lines) if kind == RECAP else {}
        for job, waiting in self._shared.items():
            waiting[:] = [item for item in waiting if not item.gives_way_to(kind)]
            waiting.append(_Shared(kind, task, recaps[job]) if recaps else shared)

    def _give_shared(self, job: int) -> None:
        for item in self._shared[job]:
            item.is_used = True
            self._give(job, item.lines)
            if item.kind == TASK:
                self._headings.stands(job, item.task)
        self._shared[job].clear()

    def _give_included(self, hosts: str, lines: Lines) -> None:
        """To those that a file is included for, each as if it were for that one alone."""
        for host in hosts.split(", "):
            if host in self._jobs:
                self._give_shared(self._jobs[host])
                own = ((line.replace(f" for {hosts}", f" for {host}"), *at) for line, *at in lines)
                self._give(self._jobs[host], cast(Lines, list(own)))

    def _recaps(self, lines: Lines) -> dict[int, Lines]:
        """For each job the recap without the other servers' rows."""
        owners = [self._jobs.get(plain(line).split(":")[0].strip()) for line, _, _ in lines]
        places: dict[int | None, list[int]] = defaultdict(list)
        for place, owner in enumerate(owners):
            places[owner].append(place)
        return {
            job: [lines[place] for place in sorted(places[None] + places[job])]
            for job in self._shared
        }

    def _give(self, job: int, lines: Lines) -> None:
        for line, level, at in lines:
            self._add(job, line, level, at)


class _Headings:
    """Which task's heading each job's log stands under.

    With the strategy free, Ansible prints a heading with a result, and only when the result before
    it, of whichever host, was of another task.
    """

    def __init__(self) -> None:
        self._known: dict[str, Lines] = {}
        self._stands: dict[int, str] = {}

    def stands(self, job: int, task: str) -> None:
        self._stands[job] = task

    def under_theirs(self, job: int, task: str, lines: Lines) -> Lines:
        """The lines of a result, with its task's heading if the job's log needs that here."""
        if len(lines) > 1 and not lines[0][0] and HEADING.match(plain(lines[1][0])):
            has_path = len(lines) > 2 and plain(lines[2][0]).startswith(TASK_PATH)
            length = 3 if has_path else 2
            self._known[task], lines = lines[:length], lines[length:]
        is_needed = self._stands.get(job) != task and task in self._known
        self._stands[job] = task
        return [*self._known[task], *lines] if is_needed else lines
