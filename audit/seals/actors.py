"""The rule for a line's user: the actor's id in `details`, or NULL once that user is deleted."""

from collections.abc import Iterator
from typing import Any

from audit.models import AuditLog

from .findings import Finding
from .lines import ReadLine

AT_ONCE = 500


class ActorCheck:
    """Looks at every line; `findings` at the end."""

    def __init__(self) -> None:
        # Lines from before InfraOps kept the id.
        self.without_id = 0
        # {actor's id: its first line without a user}
        self._gone: dict[int, int] = {}
        # The first line with another user than its actor.
        self._wrong: tuple[int, Any] | None = None

    def watching(self, lines: Iterator[ReadLine]) -> Iterator[ReadLine]:
        for line in lines:
            self._look(line)
            yield line

    def findings(self) -> Iterator[Finding]:
        if self._wrong:
            line, actor = self._wrong
            text = f"Line {line} names another user than its actor ({actor})."
            yield Finding("actor", text, line)
        deleted = self._deleted()
        for actor, line in sorted(self._gone.items(), key=lambda pair: pair[1]):
            if str(actor) not in deleted:
                yield Finding(
                    "actor",
                    f"Line {line} has lost its user {actor}, and no line says that this user was "
                    "deleted.",
                    line,
                )

    def _look(self, line: ReadLine) -> None:
        if not isinstance(line.details, dict) or "actor_id" not in line.details:
            self.without_id += 1
            return
        actor = line.details["actor_id"]
        if line.user_id == actor:
            return
        if line.user_id is None and isinstance(actor, int):
            self._gone.setdefault(actor, line.id)
        else:
            self._wrong = self._wrong or (line.id, actor)

    def _deleted(self) -> set[str]:
        """The ids of users of which a line says that they were deleted, as texts.

        A forged line may have anything that the database takes for the same text.
        """
        wanted = [str(actor) for actor in self._gone]
        found: set[str] = set()
        for start in range(0, len(wanted), AT_ONCE):
            lines = AuditLog.objects.filter(
                action="user.deleted",
                resource_type="user",
                resource_id__in=wanted[start : start + AT_ONCE],
            )
            found |= {str(pk) for pk in lines.values_list("resource_id", flat=True)}
        return found
