"""What did not run, and why: plays without hosts in the run, hosts without a play."""

from dataclasses import asdict, dataclass
from typing import Any

from automation.models import Job, Outcome
from inventory.models import LOCALHOST

from .events import Event
from .masking import Masking

NAMED_PATTERNS = 10
LONGEST_PATTERN = 200

Kind = Job.FailureKind


@dataclass(frozen=True)
class IdlePlay:
    """A play that matched no server of the run.

    `hosts` is its pattern, templated; `place` is file:line within the project.
    """

    play: str
    hosts: str
    place: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Plays:
    """The plays that Ansible reached, and which of them had no hosts."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self.idle: list[IdlePlay] = []
        # All patterns, in order, without duplicates.
        self._patterns: dict[str, None] = {}

    def note(self, event: Event) -> None:
        shown, written = (str(event.data.get(name) or "") for name in ("pattern", "raw_pattern"))
        pattern = self._masking.name(shown, written)
        self._patterns[_shortened(pattern)] = None
        if event.kind == "idle_play":
            name = self._masking.name(event.task.name, event.task.written)
            place = self._masking.place(event.task.place)
            reason = _why_idle(event.data)
            self.idle.append(IdlePlay(name[:255], _shortened(pattern), place[:500], reason))

    def outcome(self, host: str, *, anybody: bool) -> Outcome:
        """The outcome of a host that no play matched.

        If no play matched any host, that is a failure: the launch was meant to do something.
        """
        patterns = list(self._patterns)
        said = ", ".join(patterns[:NAMED_PATTERNS]) or "other hosts"
        if anybody:
            return Outcome.skipped(f"No play targets {host}: the playbook's plays target {said}.")
        if patterns and set(patterns) <= {*LOCALHOST}:
            return Outcome.failed(
                Kind.LOCALHOST_PLAY,
                f"Nothing ran: all plays have “hosts: localhost”, but the job is for {host}. Let "
                "the playbook run plays for localhost (in its form), launch it on the whole "
                "inventory, or use “hosts: all” with “delegate_to: localhost”.",
            )
        return Outcome.failed(
            Kind.NO_HOSTS_MATCHED,
            f"Nothing ran: the plays target {said}, which does not include {host}. Compare that "
            "with the server's groups.",
        )


def _why_idle(data: dict[str, Any]) -> str:
    """The reason without a full stop, to fit into tables and sentences."""
    elsewhere = [str(name) for name in data.get("elsewhere") or []]
    count = int(data.get("elsewhere_count") or 0)
    if not elsewhere:
        return "it matches no server in the inventory"
    if set(elsewhere) <= {*LOCALHOST}:
        return (
            "it targets the worker itself, and the launch is limited to the chosen servers: the "
            "playbook does not run plays for localhost"
        )
    added = {str(name) for name in data.get("added") or []}
    more = f" and {count - len(elsewhere)} more" if count > len(elsewhere) else ""
    is_one = count <= 1
    if {*elsewhere} <= added:
        said = f"it targets {', '.join(elsewhere)}{more}, added by a task"
        return f"{said}: only a launch on the whole inventory runs there"
    said = "which is not part" if is_one else "none of which is part"
    return f"it targets {', '.join(elsewhere)}{more}, {said} of this launch"


def _shortened(pattern: str) -> str:
    if len(pattern) <= LONGEST_PATTERN:
        return pattern
    return f"{pattern[:LONGEST_PATTERN]}…"
