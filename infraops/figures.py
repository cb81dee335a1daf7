"""The home page's slow figures: computed once for all users, and cached."""

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
    """Figures of all apps.

    `by_app` omits apps whose figures failed. `are_new` is True if some app has hardly any data yet.
    """

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
    """Cached figures no older than `oldest`, or new ones; `as_of` is their time.

    A page accepts older figures than its refresh a moment later does, so nobody waits for them.
    """
    key = f"home-{timezone.get_current_timezone_name().replace(' ', '-')}"
    known: Figures | None = cache.get(key)
    apps = {part.app for part in parts_of(HomeNumbers)}
    # With hardly any data, computing them is fast: do so every time.
    if known is None or known.are_new or known.age > oldest or known.by_app.keys() != apps:
        known = _counted()
        cache.set(key, known, OLD.total_seconds())
    return known


def _counted() -> Figures:
    parts = parts_of(HomeNumbers)
    asked = {part.app: _ask(part) for part in parts}
    # Failed apps are missing, so the next request computes the figures again.
    by_app = {app: counted[0] for app, counted in asked.items() if counted}
    are_new = any(counted[1] for counted in asked.values() if counted)
    return Figures(by_app, timezone.now(), are_new)


def _ask(part: HomeNumbers) -> tuple[dict[str, Any], bool] | None:
    """The app's figures, and whether they are new; None if they failed."""

    def count() -> tuple[dict[str, Any], bool]:
        figures = part.figures()
        return figures, part.is_new(figures)

    return ask_part(f"figures of {part.app}", count, instead=None)
