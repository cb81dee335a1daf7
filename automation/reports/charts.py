"""Numbers as SVG bars: positions and sizes are attributes, colours are classes."""

from collections.abc import Sequence
from dataclasses import dataclass

from .playbook_history import STRIP, RunRecord

BAR, GAP, HEIGHT = 10, 2, 60
LOWEST = 6


@dataclass(frozen=True)
class Bar:
    """One run in a strip; the height is its duration relative to the others."""

    run: RunRecord
    x: int
    y: int
    height: int
    width: int = BAR


def strip_of(runs: Sequence[RunRecord]) -> list[Bar]:
    """Bars for runs given newest first; the newest is at the right."""
    longest = max([1.0, *(run.seconds or 0 for run in runs)])
    bars = []
    for place, run in enumerate(reversed(runs), STRIP - len(runs)):
        height = LOWEST + round((HEIGHT - LOWEST) * (run.seconds or 0) / longest)
        bars.append(Bar(run, place * (BAR + GAP), HEIGHT - height, height))
    return bars
