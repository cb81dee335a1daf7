"""Work out how each job ended from a run's events."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from automation.ansi import plain
from automation.cut_texts import beginning_of, end_of
from automation.models import Job, Outcome
from automation.models.run_states import signal_name

from . import remedies
from .events import Event
from .masking import Masking
from .not_run import IdlePlay, Plays
from .other_hosts import described, failures_first

# The counts of Ansible's recap, in its order, by their names in its statistics.
COUNTS = {
    "ok": "ok",
    "changed": "changed",
    "unreachable": "unreachable",
    "failed": "failures",
    "skipped": "skipped",
    "rescued": "rescued",
    "ignored": "ignored",
}
KEPT_MESSAGES = 40
MAX_MESSAGE = 10_000
NAMED_HOSTS = 3

Kind = Job.FailureKind


@dataclass(frozen=True)
class Failure:
    """A task that failed on a host; `place` is file:line within the project."""

    task: str
    place: str
    message: str
    is_unreachable: bool = False


@dataclass(frozen=True)
class Recap:
    """What Ansible reports about hosts at the end.

    `counts` by host. `unfinished`: hosts that it gave up on or never reached. `took_part`: hosts of
    plays that began. `unanswered`: {host: a task that started and never reported}.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    unfinished: frozenset[str] = frozenset()
    took_part: frozenset[str] = frozenset()
    unanswered: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Event) -> "Recap":
        data = event.data
        return cls(
            counts=data.get("counts") or {},
            unfinished=frozenset(data.get("unfinished") or []),
            took_part=frozenset(data.get("took_part") or []),
            unanswered=dict(data.get("unanswered") or []),
        )


class Tally:
    """Call `note` with every event; ask for outcomes once the process has ended.

    Masks before cutting, as half a secret would no longer be recognised.
    """

    def __init__(
        self,
        masking: Masking | None = None,
        selects_tasks: bool = False,
        hosts: Collection[str] = (),
    ) -> None:
        """`selects_tasks`: the launch has options (--tags …) that leave out tasks.

        `hosts` are those that have a job.
        """
        self._masking = masking or Masking(())
        self._hosts = hosts
        self._selects_tasks = selects_tasks
        # The first failure that was not rescued: later ones on the host are its consequences.
        self._failures: dict[str, Failure] = {}
        self._item_messages: dict[tuple[str, str], str] = {}
        self.recap: Recap | None = None
        self._messages: deque[str] = deque(maxlen=KEPT_MESSAGES)
        self._plays = Plays(self._masking)
        self._tasks = 0

    def note(self, event: Event) -> None:
        if event.kind in ("text", "output"):
            self._messages.extend(map(plain, event.lines))
        elif event.kind == "item" and event.status == "failed":
            self._item_messages[event.host, event.task.uuid] = self._message_of(event)
        elif event.kind == "result" and event.status in ("failed", "unreachable"):
            if not event.is_ignored and not event.is_rescued:
                self._failures.setdefault(event.host, self._failure(event))
        elif event.kind in ("play", "idle_play"):
            self._plays.note(event)
        elif event.kind == "task":
            self._tasks += 1
        elif event.kind == "recap":
            self.recap = Recap.of(event)

    @property
    def idle_plays(self) -> list[IdlePlay]:
        return self._plays.idle

    def outcome(self, host: str, exit_code: int | None) -> Outcome:
        """How the job of this host ended.

        Success requires that a play matched the host, nothing failed, every task started on it
        reported, Ansible finished with the host, and the exit code means no more than failed hosts.
        """
        recap = self.recap
        if recap is None:
            return self._without_recap(exit_code)
        counts = self._counts(host)
        if counts["failed"] or counts["unreachable"]:
            return self._failed(host, counts)
        if exit_code and host in recap.unfinished:
            return self._not_reached(host, counts)
        if task := recap.unanswered.get(host):
            return self._unanswered(host, task, counts)
        if not any(counts.values()) and host not in recap.took_part:
            return self._plays.outcome(host, anybody=bool(recap.took_part))
        if not self._tasks and self._selects_tasks:
            return Outcome.failed(Kind.NO_TASKS, "The launch's options leave no task to run.")
        if exit_code in (0, 2, 4):  # 2: a host failed; 4: a host was unreachable
            return Outcome(Job.Status.SUCCESS, counts=counts)
        return Outcome.failed(Kind.ANSIBLE_ERROR, f"{describe_exit(exit_code)}.", counts=counts)

    def other_hosts(self, exit_code: int | None) -> list[dict[str, Any]]:
        """Items of Run.other_hosts: how it ended on hosts without a job, failures first."""
        recap = self.recap
        if recap is None:
            return []
        known = {*recap.counts, *recap.took_part, *recap.unanswered} - {*self._hosts}
        shown = self._masking.text
        outcomes = {host: self.outcome(host, exit_code) for host in known}
        return failures_first(described(shown(host), outcomes[host]) for host in known)

    def _counts(self, host: str) -> dict[str, int]:
        counts = self.recap.counts.get(host, {}) if self.recap else {}
        return {name: counts.get(key, 0) for name, key in COUNTS.items()}

    def _failed(self, host: str, counts: dict[str, int]) -> Outcome:
        failure = self._failures.get(host, Failure("", "", "See the log."))
        where = f" ({failure.place})" if failure.place else ""
        about = {
            "failed_task": failure.task,
            "failed_place": failure.place,
            "counts": counts,
        }
        wrong_key = remedies.about_host_key(failure.message)
        if not failure.is_unreachable and not wrong_key:
            message = f"{failure.message}{remedies.about_vault(failure.message)}"
            said = f"Task “{failure.task}” failed{where}: {message}"
            return Outcome.failed(Kind.TASK_FAILED, beginning_of(said, MAX_MESSAGE), **about)
        remedy = remedies.about_connection(failure.message)
        said = f"{host} was unreachable{where}: {remedy}{failure.message}"
        if wrong_key:
            said = f"{host} {wrong_key}"
        return Outcome.failed(Kind.UNREACHABLE, beginning_of(said, MAX_MESSAGE), **about)

    def _not_reached(self, host: str, counts: dict[str, int]) -> Outcome:
        """Other hosts failed, and the play stopped for this one too."""
        others = [
            f"{other} (task “{failure.task}”)"
            for other, failure in self._failures.items()
            if self._counts(other)["failed"] or self._counts(other)["unreachable"]
        ]
        because = f" after a failure on {', '.join(others[:NAMED_HOSTS])}" if others else ""
        more = f" and {len(others) - NAMED_HOSTS} more" if len(others) > NAMED_HOSTS else ""
        when = "finished" if any(counts.values()) else "reached"
        return Outcome.failed(
            Kind.NOT_REACHED,
            f"Not reached: the playbook stopped{because}{more}, before it {when} {host}.",
            counts=counts if any(counts.values()) else {},
        )

    def _unanswered(self, host: str, task: str, counts: dict[str, int]) -> Outcome:
        name = self._masking.name(task)
        return Outcome.failed(
            Kind.INTERNAL,
            f"Ansible started the task “{name}” on {host} but never reported a result. It may or "
            "may not have run there.",
            failed_task=name,
            counts=counts,
        )

    def _without_recap(self, exit_code: int | None) -> Outcome:
        """Ansible gave up before the recap; its messages say why."""
        text = self._masking.text("\n".join(line for line in self._messages if line.strip()))
        if "resolve module/action" in text:
            kind = Kind.UNKNOWN_MODULE
        elif exit_code == 4 or "YAML parsing failed" in text or "not a valid" in text:
            kind = Kind.BAD_YAML
        else:
            kind = Kind.ANSIBLE_ERROR
        said = text.partition("[ERROR]:")[2].strip() or text.strip() or "It printed no reason."
        said = f"{describe_exit(exit_code)}: {said}{remedies.about_vault(said)}"
        return Outcome.failed(kind, beginning_of(said, MAX_MESSAGE))

    def _failure(self, event: Event) -> Failure:
        of_item = self._item_messages.get((event.host, event.task.uuid))
        return Failure(
            self._masking.name(event.task.name, event.task.written),
            self._masking.place(event.task.place),
            of_item or self._message_of(event),
            event.status == "unreachable",
        )

    def _message_of(self, event: Event) -> str:
        """The module's message, and the end of its output."""
        result = event.result
        if "censored" in result:
            return "The result is hidden (no_log)."
        clean = self._masking.result
        parts = [clean(str(result.get("msg") or result.get("reason") or "")).strip()]
        for stream in ("stderr", "module_stderr", "stdout"):
            if said := clean(str(result.get(stream) or "")).strip():
                parts.append(end_of(said))
                break
        return " — ".join(part for part in parts if part) or "It gave no reason."


def describe_exit(exit_code: int | None) -> str:
    """How the process ended, in words; negative exit codes are signals."""
    if exit_code is None:
        return "ansible-playbook ended with an unknown exit code"
    if exit_code < 0:
        name = signal_name(-exit_code)
        hint = " (often because the machine ran out of memory)" if name == "SIGKILL" else ""
        return f"ansible-playbook was ended by {name}{hint}"
    return f"ansible-playbook ended with exit code {exit_code}"
