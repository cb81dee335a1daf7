"""A table that is readable both in a terminal and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass
class Table:
    title: str
    head: list[str]
    note: str = ""
    rows: list[list[str]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append([str(cell) for cell in cells])

    def markdown(self, *, level: int = 3) -> str:
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        rule = ["-" * width for width in widths]
        lines = [_line(row, widths) for row in (self.head, rule, *self.rows)]
        note = ["", self.note] if self.note else []
        return "\n".join([f"{'#' * level} {self.title}", "", *lines, *note])


def _line(cells: list[str], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def spread(seconds: Sequence[float]) -> tuple[str, str, str]:
    """Median, 95th percentile and maximum, in milliseconds."""
    p95 = quantiles(seconds, n=20, method="inclusive")[-1]
    return _ms(median(seconds)), _ms(p95), _ms(max(seconds))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
