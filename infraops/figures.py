"""The home page's figures that take long: counted for everybody at once, and kept for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from console.collected import HomeNumbers
from console.parts import parts_of

FRESH, OLD = timedelta(seconds=30), timedelta(minutes=10)


@dataclass(frozen=True)
class Figures:
    """`are_new`: of some app there is hardly anything yet."""

    by_app: dict[str, dict[str, Any]]
    as_of: datetime
    are_new: bool

    @property
    def is_fresh(self) -> bool:
        return self.age <= FRESH

    @property
    def age(self) -> timedelta:
        return timezone.now() - self.as_of


def figures_of(oldest: timedelta) -> Figures:
    """What was counted no longer ago than that, or else is counted now. `as_of` says when.

    The page takes older figures than its own refresh a moment later: nobody waits for them.
    """
    key = f"home-{timezone.get_current_timezone_name().replace(' ', '-')}"
    known: Figures | None = cache.get(key)
    apps = {part.app for part in parts_of(HomeNumbers)}
    # While there is hardly anything, it is counted at once each time.
    if known is None or known.are_new or known.age > oldest or known.by_app.keys() != apps:
        known = _counted()
        cache.set(key, known, OLD.total_seconds())
    return known


def _counted() -> Figures:
    parts = parts_of(HomeNumbers)
    by_app = {part.app: part.figures() for part in parts}
    are_new = any(part.is_new(by_app[part.app]) for part in parts)
    return Figures(by_app, timezone.now(), are_new)
