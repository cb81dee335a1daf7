"""run_logs: the output of ansible-playbook for a run on several servers, as it was printed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone

from .runs import Run

# Per piece: many lines per row, as nobody looks up a single one.
MOST_LINES = 200
MOST_CHARACTERS = 100_000
# Pieces read at once.
AT_ONCE = 20


@dataclass(frozen=True)
class PrintedLine:
    """One line of a run's output, with the attributes of a job's lines.

    The time is known to the second only.
    """

    line_number: int
    content: str
    timestamp: datetime
    log_level: str = "info"


class RunLogQuerySet(models.QuerySet["RunLog"]):
    def lines(self, after: int = 0, limit: int = 500) -> list[PrintedLine]:
        """Up to `limit` lines of a run after line number `after`, in order."""
        found: list[PrintedLine] = []
        for piece in self._pieces_from(after + 1):
            found += [line for line in piece.lines if line.line_number > after]
            if len(found) >= limit:
                break
        return found[:limit]

    def lines_before(self, number: int | None = None, limit: int = 500) -> list[PrintedLine]:
        """The last `limit` lines of a run before line `number` (None: before the end), in order."""
        end = self.last_number() + 1
        end = end if number is None else min(number, end)
        after = max(0, end - 1 - limit)
        return self.lines(after, end - 1 - after) if end > 1 else []

    def last_number(self) -> int:
        """The number of the last line; 0 if nothing was printed."""
        last = self.order_by("-first_line").first()
        return last.last_line if last else 0

    def _pieces_from(self, number: int) -> Iterator["RunLog"]:
        """The piece that contains this line, and those after it."""
        starts = self.filter(first_line__lte=number).order_by("-first_line")
        begin = starts.values_list("first_line", flat=True).first() or 1
        while pieces := list(self._in_order().filter(first_line__gte=begin)[:AT_ONCE]):
            yield from pieces
            begin = pieces[-1].first_line + 1

    def _in_order(self) -> Self:
        return self.order_by("first_line")


class RunLog(models.Model):
    """A piece of a run's output.

    The jobs' logs have the same lines, sorted by server. A run on one server has no pieces: its
    job's log is its output.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="printed", db_index=False)
    # The number of its first line in the run's output.
    first_line = models.IntegerField()
    # Its lines, separated by newlines, with colours.
    content = models.TextField(blank=True)
    # When the first line was printed; the others followed within the same second.
    printed_at = models.DateTimeField(default=timezone.now)

    objects = RunLogQuerySet.as_manager()

    class Meta:
        db_table = "run_logs"
        verbose_name = "piece of a run's log"
        verbose_name_plural = "pieces of runs' logs"
        ordering = ["run_id", "first_line"]
        constraints = [
            models.UniqueConstraint(fields=["run", "first_line"], name="idx_runlogs_run_line"),
            models.CheckConstraint(
                condition=models.Q(first_line__gte=1), name="ck_runlogs_first_line"
            ),
        ]

    def __str__(self) -> str:
        return f"Lines {self.first_line} to {self.last_line} of run {self.run_id}"

    @property
    def last_line(self) -> int:
        return self.first_line + self.content.count("\n")

    @property
    def lines(self) -> list[PrintedLine]:
        texts = self.content.split("\n")
        second = _second_of(self.printed_at)
        return [
            PrintedLine(number, text, second) for number, text in enumerate(texts, self.first_line)
        ]

    def takes(self, text: str, at: datetime) -> bool:
        """True if another line fits: there is room, and it was printed within the same second."""
        is_short = len(self.content) + len(text) < MOST_CHARACTERS
        has_room = is_short and self.last_line - self.first_line + 1 < MOST_LINES
        return has_room and _second_of(at) == _second_of(self.printed_at)


def _second_of(at: datetime) -> datetime:
    return at.replace(microsecond=0)
