"""What all the makers share: chance, the time, who and what there is."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

from accounts.models import User
from inventory.models import Server

from .scale import Scale


@dataclass
class World:
    """The same seed and the same moment make the same world."""

    scale: Scale
    rng: Random
    now: datetime
    people: dict[str, list[User]] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)

    @property
    def since(self) -> datetime:
        """When its history begins."""
        return self.now - timedelta(days=self.scale.days)

    @property
    def timer(self) -> User:
        """Who launches what runs by the clock."""
        return self.people[User.Role.OPERATOR][-1]

    @property
    def operators(self) -> list[User]:
        return self.people[User.Role.OPERATOR][:-1]

    @cached_property
    def system(self) -> User:
        return User.objects.system()

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def one(self, weights: dict[Any, int]) -> Any:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def happens(self, chance: float) -> bool:
        return self.rng.random() < chance

    def about(self, seconds: float) -> float:
        """Mostly near it, at times much longer, as durations are."""
        return seconds * self.rng.lognormvariate(0, 0.35)
