"""Turn a run's events into log lines, route each to its job, and then mask it."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from automation.ansi import plain
from automation.models import JobLog

from .events import Event, lines_in
from .masking import Masking

Add = Callable[[int, str, str, datetime], None]
Lines = list[tuple[str, str, datetime]]
# Receives the run's combined output, of all servers.
Print = Callable[[Lines], None]

PLAY, TASK, OTHER, RECAP = "play", "task", "other", "recap"
# "No hosts matched" means nothing without the heading above it.
KINDS = {"play": PLAY, "idle_play": TASK, "heading": TASK, "recap": RECAP}
# "<192.0.2.7> SSH: EXEC ssh …": what Ansible prints about connections from -vvv on.
ADDRESSED = re.compile(r"<([^<>\s]{1,255})> ")
# How many texts without a host every job gets below one heading; further ones, unless warnings, go
# to the first job. At -vvvv their number grows with the servers: copied to all, with the square.
MOST_SHARED = 50
LOUD = (JobLog.Level.WARNING, JobLog.Level.ERROR)
BROKEN = ("failed", "unreachable")


def level_of(event: Event, line: str) -> str:
    """A line's level, from the event or from the mark that Ansible puts before it."""
    if event.status in BROKEN:
        is_harmless = event.is_ignored or event.is_rescued
        return JobLog.Level.WARNING if is_harmless else JobLog.Level.ERROR
    if "[WARNING]" in line or "[DEPRECATION WARNING]" in line:
        return JobLog.Level.WARNING
    if event.kind in ("text", "output") and ("[ERROR]" in line or "ERROR!" in line):
        return JobLog.Level.ERROR
    return JobLog.Level.INFO


@dataclass
class _Shared:
    """Lines without a host, queued for several jobs."""

    kind: str
    task: str
    lines: Lines
    # True if a job's log has them above a line of its own.
    is_used: bool = False

    def gives_way_to(self, kind: str) -> bool:
        """True if lines of this kind replace it.

        A heading is replaced by the next one; by the recap only if another job used it (`serial`).
        """
        if kind == RECAP:
            return self.kind in (PLAY, TASK) and self.is_used
        return self.kind == TASK if kind == TASK else kind == PLAY and self.kind in (PLAY, TASK)


class LogRouter:
    """Routes each line to the job of its host.

    With one job, every line goes there at once. With several, lines without a host (headings,
    warnings) wait for each job's next own line, and a heading followed by a newer one is dropped:
    each log then reads as if the playbook had run on that server alone. Lines of hosts without a
    job (`add_host`) go to the first job, lines about a connection to the job with that address, if
    there is exactly one.
    """

    def __init__(
        self,
        jobs: dict[str, int],
        add: Add,
        addresses: Iterable[tuple[str, int]] = (),
        masking: Masking | None = None,
        print_lines: Print | None = None,
    ) -> None:
        """`print_lines` gets every line once, in the order in which Ansible prints them."""
        self._jobs = jobs
        self._add = add
        self._print = print_lines or _unprinted
        self._masking = masking or Masking(())
        self._at: dict[str, set[int]] = defaultdict(set)
        for address, job in [*jobs.items(), *addresses]:
            self._at[address].add(job)
        # Texts shared since the last heading: each log gets a text once.
        self._said: set[str] = set()
        self._first = next(iter(jobs.values()))
        self._shared: dict[int, list[_Shared]] = {job: [] for job in jobs.values()}
        self._headings = _Headings()

    def route(self, event: Event) -> None:
        if event.kind == "recap":
            self._recap(event)
        elif event.kind == "include":
            self._include(event)
        # An include prints nothing but its heading, and that only for the first server.
        elif event.text or (event.kind == "result" and event.status == "ok"):
            lines = self._lines(event)
            self._print(lines)
            self._route(event, lines)

    def close(self) -> None:
        """Finish: give each job the shared lines that still wait."""
        for job in self._shared:
            self._give_shared(job)

    def _route(self, event: Event, lines: Lines) -> None:
        if len(self._jobs) == 1:
            self._give(self._first, lines)
        elif event.kind == "heading" and event.host:
            self._headings.know(event.task.uuid, lines)  # strategy free: printed above a result
        elif event.host:
            job = self._jobs.get(event.host, self._first)
            self._give_shared(job)
            self._give(job, [*self._headings.missing(job, event), *lines])
        elif jobs := self._addressed(lines):
            self._give_shared(jobs)
            self._give(jobs, lines)
        else:
            self._share(KINDS.get(event.kind, OTHER), event.task.uuid, lines)

    def _lines(self, event: Event) -> Lines:
        if event.kind in ("play", "heading"):
            name, written = event.task.name, event.task.written
            said = self._masking.heading(event.text, name, written)
        else:
            # Mask the text as a whole: in folded text a secret may span two lines.
            said = self._masking.text(event.text)
        return self._levelled(event, said)

    @staticmethod
    def _levelled(event: Event, text: str) -> Lines:
        return [(line, level_of(event, line), event.at) for line in lines_in(text)]

    def _addressed(self, lines: Lines) -> int | None:
        """The job whose connection the lines are about; the first job if that host has none."""
        match = ADDRESSED.match(plain(lines[0][0])) if lines else None
        if match is None:
            return None
        jobs = self._at.get(match[1], {self._first})
        return next(iter(jobs)) if len(jobs) == 1 else None

    def _said_enough(self, lines: Lines) -> bool:
        """True if the lines should not go to all logs.

        Either they have the text below this heading already, or they have had so many that only the
        first job gets more.
        """
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
        for job in self._shared:
            self._let_wait(job, shared)

    def _let_wait(self, job: int, shared: _Shared) -> None:
        waiting = self._shared[job]
        waiting[:] = [item for item in waiting if not item.gives_way_to(shared.kind)]
        waiting.append(shared)

    def _give_shared(self, job: int) -> None:
        for item in self._shared[job]:
            item.is_used = True
            self._give(job, item.lines)
            if item.kind == TASK:
                self._headings.stands(job, item.task)
        self._shared[job].clear()

    def _include(self, event: Event) -> None:
        """Give each host that a file is included for the heading as if it were the only one."""
        hosts = [host for host in event.data.get("included", []) if host in self._jobs]
        together = ", ".join(event.data.get("included", []))
        self._print(self._levelled(event, self._masking.text(event.text)))
        for host in hosts:
            text = event.text.replace(f" for {together}", f" for {host}", 1)
            lines = self._levelled(event, self._masking.text(text))
            self._give_shared(self._jobs[host])
            self._give(self._jobs[host], lines)

    def _recap(self, event: Event) -> None:
        """Give each job the recap with its own row and the rows of hosts without a job."""
        head, rest = self._levelled(event, event.text), event.data.get("rest", "")
        self._said.clear()
        below = self._levelled(event, self._masking.text(rest))
        rows = [(self._levelled(event, row), host) for row, host in event.data.get("rows", [])]
        self._print([*head, *(line for row, _ in rows for line in row), *below])
        places: dict[int | None, list[tuple[int, Lines]]] = defaultdict(list)
        for place, (row, host) in enumerate(rows):
            places[self._jobs.get(host)].append((place, row))
        for job in self._shared:
            own = [line for _, row in sorted(places[job] + places[None]) for line in row]
            self._let_wait(job, _Shared(RECAP, "", [*head, *own, *below]))

    def _give(self, job: int, lines: Lines) -> None:
        for line, level, at in lines:
            self._add(job, line, level, at)


def _unprinted(_lines: Lines) -> None:
    """With a single job, the job's log is the combined output."""


class _Headings:
    """Tracks which task's heading each job's log is under.

    With the `free` strategy, Ansible prints a heading with a result, and only if the last result,
    of any host, was of another task.
    """

    def __init__(self) -> None:
        self._known: dict[str, Lines] = {}
        self._stands: dict[int, str] = {}

    def know(self, task: str, lines: Lines) -> None:
        self._known[task] = lines

    def stands(self, job: int, task: str) -> None:
        self._stands[job] = task

    def missing(self, job: int, event: Event) -> Lines:
        """The heading that the job's log needs before this event's lines, if any."""
        task = event.task.uuid
        if not task or self._stands.get(job) == task:
            return []
        self._stands[job] = task
        return self._known.get(task, [])
