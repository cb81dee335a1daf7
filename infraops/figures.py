"""The home page's figures that take long: counted for everybody at once, and kept for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from console.collected import HomeNumbers
from console.parts import parts_of
from console.shielding import ask_part

FRESH, OLD = timedelta(seconds=30), timedelta(minutes=10)


@dataclass(frozen=True)
class Figures:
    """`by_app` lacks an app that could not count them. `are_new`: of some app there is hardly
    anything yet."""

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
    asked = {part.app: _ask(part) for part in parts}
    # Without the broken ones, what is kept is counted again at the next request.
    by_app = {app: counted[0] for app, counted in asked.items() if counted}
    are_new = any(counted[1] for counted in asked.values() if counted)
    return Figures(by_app, timezone.now(), are_new)


def _ask(part: HomeNumbers) -> tuple[dict[str, Any], bool] | None:
    """The app's figures, and whether they are new; None where it could not count them."""

    def count() -> tuple[dict[str, Any], bool]:
        figures = part.figures()
        return figures, part.is_new(figures)

    return ask_part(f"figures of {part.app}", count, instead=None)
