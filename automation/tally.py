"""What a run's events say about each host, and from it how each job ended."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .ansi import plain
from .models import Job, Outcome

# Ansible's recap, in its order, and the names that its statistics have for them.
COUNTS = {
    "ok": "ok",
    "changed": "changed",
    "unreachable": "dark",
    "failed": "failures",
    "skipped": "skipped",
    "rescued": "rescued",
    "ignored": "ignored",
}
LOCALHOST = {"localhost", "127.0.0.1", "::1"}
KEPT_MESSAGES = 40
MAX_MESSAGE = 2000
# An unknown key is accepted and then pinned: only one that differs from its pin comes to this.
WRONG_HOST_KEY = "Host key verification failed"
HOST_KEY_ADVICE = (
    "shows another host key than the one that is pinned, so nothing was done there. If the server "
    "was set up anew, empty “Host key” on its page: the next run learns the new one. If it was "
    "not, somebody may stand in between."
)
NAMED_HOSTS = 3
# The runner passes results on up to 700 kB, and an empty one in place of a larger one.
TOO_LARGE = "Its result is too large to be shown here: see the log."

Kind = Job.FailureKind


@dataclass(frozen=True)
class Failure:
    """A task that did not work on a host. `place` is file:line."""

    task: str
    place: str
    message: str


@dataclass(frozen=True)
class Hosts:
    """What Ansible says about hosts besides its recap.

    `unfinished`: given up, or never come to. `took_part`: in a play that began.
    """

    unfinished: frozenset[str] = frozenset()
    took_part: frozenset[str] = frozenset()


NO_HOSTS = Hosts()


class Tally:
    """Fed with every event; asked for outcomes when the process has ended.

    `clean` masks the secrets in a text. It comes before anything is cut: half a secret would be
    found no more.
    """

    def __init__(self, clean: Callable[[str], str] = str) -> None:
        self._clean = clean
        self._failures: dict[str, Failure] = {}
        self._item_messages: dict[tuple[str, str], str] = {}
        self.stats: dict[str, Any] | None = None
        self._messages: deque[str] = deque(maxlen=KEPT_MESSAGES)
        self._plays_with_hosts = 0
        self._tasks = 0

    def note(self, event: dict[str, Any]) -> None:
        kind, data = event.get("event", ""), event.get("event_data", {})
        if kind in ("verbose", "error"):
            self._messages.extend(plain(line) for line in event.get("stdout", "").split("\r\n"))
        elif kind == "runner_item_on_failed":
            self._item_messages[data["host"], data["task_uuid"]] = self._message_of(data)
        elif kind == "runner_on_unreachable" or (
            kind in ("runner_on_failed", "runner_on_async_failed") and not data.get("ignore_errors")
        ):
            self._failures[data["host"]] = self._failure(data)
        elif kind == "playbook_on_play_start":
            self._plays_with_hosts += 1
        elif kind == "playbook_on_no_hosts_matched":
            self._plays_with_hosts -= 1
        elif kind in ("playbook_on_task_start", "playbook_on_handler_task_start"):
            self._tasks += 1
        elif kind == "playbook_on_stats":
            self.stats = data

    def outcome(
        self,
        host: str,
        exit_code: int | None,
        plays: list[dict[str, Any]],
        hosts: Hosts = NO_HOSTS,
    ) -> Outcome:
        """How the job of this host ended. Success needs all of: a task that ran (there, or once
        for all hosts of a play that it took part in), no failure, that Ansible was through with
        the host, and an exit code that does not speak of more than failed hosts.
        """
        if self.stats is None:
            return self._without_recap(exit_code)
        counts = self._counts(host)
        if counts["failed"] or counts["unreachable"]:
            return self._failed(host, counts)
        if exit_code and host in hosts.unfinished:
            return self._not_reached(host, counts)
        if not any(counts.values()) and not (host in hosts.took_part and self._any_ran()):
            return self._nothing_ran(host, exit_code, plays)
        if exit_code in (0, 2, 4):  # 2: some host failed; 4: some host was unreachable
            return Outcome(Job.Status.SUCCESS, counts=counts)
        return Outcome.failed(
            Kind.ANSIBLE_ERROR, f"ansible-playbook ended with exit code {exit_code}.", counts=counts
        )

    def _counts(self, host: str) -> dict[str, int]:
        stats = self.stats or {}
        return {name: stats.get(key, {}).get(host, 0) for name, key in COUNTS.items()}

    def _any_ran(self) -> bool:
        """Whether some task ran on some host."""
        return any((self.stats or {}).get(key) for key in COUNTS.values())

    def _failed(self, host: str, counts: dict[str, int]) -> Outcome:
        failure = self._failures.get(host, Failure("", "", "See the log."))
        unreachable = bool(counts["unreachable"])
        what = f"{host} was unreachable" if unreachable else f"Task “{failure.task}” failed"
        where = f" ({failure.place})" if failure.place else ""
        if unreachable and WRONG_HOST_KEY in failure.message:
            return Outcome.failed(
                Kind.UNREACHABLE,
                f"{host} {HOST_KEY_ADVICE}",
                failed_task=failure.task,
                counts=counts,
            )
        return Outcome.failed(
            Kind.UNREACHABLE if unreachable else Kind.TASK_FAILED,
            f"{what}{where}: {failure.message}"[:MAX_MESSAGE],
            failed_task=failure.task,
            counts=counts,
        )

    def _not_reached(self, host: str, counts: dict[str, int]) -> Outcome:
        """Others failed, and the play was broken off for this one too."""
        others = [
            f"{other} (task “{failure.task}”)"
            for other, failure in self._failures.items()
            if self._counts(other)["failed"] or self._counts(other)["unreachable"]
        ]
        because = f" after a failure on {', '.join(others[:NAMED_HOSTS])}" if others else ""
        more = f" and {len(others) - NAMED_HOSTS} more" if len(others) > NAMED_HOSTS else ""
        when = "was through with" if any(counts.values()) else "came to"
        return Outcome.failed(
            Kind.NOT_REACHED,
            f"Not reached: the playbook stopped{because}{more}, before it {when} {host}.",
            counts=counts if any(counts.values()) else {},
        )

    def _nothing_ran(self, host: str, exit_code: int | None, plays: list[dict]) -> Outcome:
        targets = [str(play["hosts"]) for play in plays if "hosts" in play]
        if exit_code not in (0, None):
            return Outcome.failed(
                Kind.NOT_REACHED, f"The playbook stopped before it came to {host}."
            )
        if targets and set(targets) <= LOCALHOST:
            return Outcome.failed(
                Kind.LOCALHOST_PLAY,
                f"Nothing ran: the plays are for localhost only, and the job is for {host}. Write "
                "“hosts: all” (with “delegate_to: localhost” where it has to be the worker), or "
                "register a server named localhost and run it there.",
            )
        if self._plays_with_hosts and not self._tasks:
            return Outcome.failed(Kind.NO_TASKS, "The play has no task to run with these options.")
        return Outcome.failed(
            Kind.NO_HOSTS_MATCHED,
            f"Nothing ran: the plays are for {', '.join(targets) or 'other hosts'}, and {host} is "
            "not among them. Its groups are its environment and its tags.",
        )

    def _without_recap(self, exit_code: int | None) -> Outcome:
        """Ansible gave up before the recap: it says why in its messages."""
        text = self._clean("\n".join(line for line in self._messages if line.strip()))
        if "resolve module/action" in text:
            kind = Kind.UNKNOWN_MODULE
        elif exit_code == 4 or "YAML parsing failed" in text or "not a valid" in text:
            kind = Kind.BAD_YAML
        else:
            kind = Kind.ANSIBLE_ERROR
        said = text.partition("[ERROR]:")[2].strip() or text.strip() or "It said nothing."
        return Outcome.failed(
            kind, f"ansible-playbook ended with exit code {exit_code}: {said}"[:MAX_MESSAGE]
        )

    def _failure(self, data: dict[str, Any]) -> Failure:
        of_item = self._item_messages.get((data["host"], data["task_uuid"]))
        task = self._clean(str(data.get("task") or ""))
        return Failure(task, _place_of(data), of_item or self._message_of(data))

    def _message_of(self, data: dict[str, Any]) -> str:
        """What the module said: its message, and what the command wrote if that is all there is."""
        result = data.get("res") or {}
        if "censored" in result:
            return "The result is hidden (no_log)."
        if not result and "res" in data:
            return TOO_LARGE
        parts = [self._clean(str(result.get("msg") or result.get("reason") or "")).strip()]
        for stream in ("stderr", "module_stderr", "stdout"):
            if said := self._clean(str(result.get(stream) or "")).strip():
                parts.append(said[-500:])
                break
        return " — ".join(part for part in parts if part) or "It gave no reason."


def _place_of(data: dict[str, Any]) -> str:
    """file:line within the project."""
    return data.get("task_path", "").partition("/project/")[2]
