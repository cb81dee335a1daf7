"""Plans when which playbook runs, and on how many servers: by hour and weekday."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .catalogue import Recipe, recipes
from .world import World

# Activity on a weekend day, relative to a weekday.
WEEKEND = 0.35
# Relative weight of each hour.
HOURS = {
    "office": (0, 0, 0, 0, 0, 0, 1, 3, 8, 11, 12, 10, 6, 9, 11, 10, 7, 4, 2, 1, 1, 1, 0, 0),
    "nightly": (6, 12, 12, 10, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4),
    "hourly": (1,) * 24,
    "weekly": (0, 2, 6, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1),
}
WEDNESDAY = 2


@dataclass(frozen=True, order=True)
class Plan:
    """A planned run."""

    at: datetime
    name: str
    size: int

    @property
    def recipe(self) -> Recipe:
        return recipes()[self.name]


def plans(world: World) -> list[Plan]:
    """All planned runs in chronological order; their sizes add up to the number of jobs."""
    weights = {name: recipe.runs for name, recipe in recipes().items() if recipe.runs}
    planned, left = [], world.scale.jobs
    while left > 0:
        recipe = recipes()[world.one(weights)]
        size = min(_size(world, recipe), left)
        left -= size
        planned.append(Plan(_moment(world, recipe), recipe.name, size))
    return sorted(planned)


def _size(world: World, recipe: Recipe) -> int:
    """Mostly near the lower bound; never more than an eighth of a small fleet."""
    first, last = recipe.servers
    size = first + int((last - first) * world.rng.betavariate(1, 2.5))
    return max(1, min(size, world.scale.servers // 8))


def _moment(world: World, recipe: Recipe) -> datetime:
    hours = HOURS[recipe.when]
    while True:
        midnight = world.since.replace(hour=0, minute=0, second=0, microsecond=0)
        day = midnight + timedelta(days=world.rng.randint(0, world.scale.days))
        if recipe.when == "weekly":
            day += timedelta(days=WEDNESDAY - day.weekday())
        elif recipe.when == "office" and day.weekday() > 4 and not world.happens(WEEKEND):
            continue
        hour = world.rng.choices(range(24), hours)[0]
        at = day + timedelta(hours=hour, seconds=world.rng.uniform(0, 3599))
        if world.since < at < world.now - timedelta(minutes=10):
            return at
