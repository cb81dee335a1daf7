"""What all generators share: randomness, the time, and what has been generated so far."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

from accounts.models import User
from automation.models import Playbook
from inventory.models import Server

from .scale import Scale
from .trail import Trail


@dataclass
class World:
    """The same seed and the same time generate the same data."""

    scale: Scale
    rng: Random
    now: datetime
    people: dict[str, list[User]] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)
    # {recipe name: playbook}.
    playbooks: dict[str, Playbook] = field(default_factory=dict)
    trail: Trail = field(default_factory=Trail)

    @property
    def since(self) -> datetime:
        """The beginning of its history."""
        return self.now - timedelta(days=self.scale.days)

    @property
    def timer(self) -> User:
        """The user who launches the scheduled runs."""
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
        """Mostly near `seconds`, sometimes much longer, as real durations are."""
        return seconds * self.rng.lognormvariate(0, 0.35)
