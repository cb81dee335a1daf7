"""What will be launched and what will go wrong, all derived from the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

DOORS = ("model", "api", "command")
# Number of servers for each of ten launches.
SERVERS_OF_TEN = (1, 1, 1, 1, 1, 1, 2, 2, 3, 3)
OF_100_CANCELLED = 20


@dataclass(frozen=True)
class Launch:
    """`servers` are numbers; somebody cancels after `cancel_after` seconds, or nobody (None)."""

    number: int
    playbook: str
    servers: tuple[int, ...]
    door: str
    cancel_after: float | None = None

    @property
    def mark(self) -> str:
        """The prefix of all its side effects."""
        return f"mark{self.number:05}"

    @property
    def shape(self) -> tuple[str, int]:
        """Launches of the same shape print the same."""
        return self.playbook, len(self.servers)


@dataclass(frozen=True)
class Disturbance:
    """`at` is in seconds after the beginning; `pick` in [0, 1) selects what it hits."""

    at: float
    kind: str
    seconds: float
    pick: float


def launches(seed: int, runs: int, playbooks: list[str], servers: int) -> list[Launch]:
    chance = random.Random(f"launches {seed}")
    return [
        Launch(
            number,
            chance.choice(playbooks),
            tuple(sorted(chance.sample(range(servers), chance.choice(SERVERS_OF_TEN)))),
            chance.choice(DOORS),
            chance.uniform(0, 6) if chance.randrange(100) < OF_100_CANCELLED else None,
        )
        for number in range(1, runs + 1)
    ]


def disturbances(
    seed: int, kinds: dict[str, tuple[float, float]], longest: float, pause: float
) -> Iterator[Disturbance]:
    """An endless sequence in which each kind comes once per round.

    `kinds` has how long each may last, relative to `longest` seconds; about `pause` seconds lie
    between two.
    """
    chance = random.Random(f"disturbances {seed}")
    at = chance.uniform(1, 3)
    while True:
        for kind in chance.sample(sorted(kinds), len(kinds)):
            least, most = (part * longest for part in kinds[kind])
            # More short ones than long ones: short ones start and end within one run.
            seconds = least + (most - least) * chance.random() ** 2
            yield Disturbance(at, kind, seconds, chance.random())
            at += chance.uniform(0.3, 1.7) * pause
