"""Carries out the plan of disturbances, and heals everything in the end."""

import heapq
import os
import signal
from collections.abc import Iterator
from contextlib import suppress

from tests.chaos import clusters
from tests.chaos.faults import KINDS, Fault
from tests.chaos.journal import Entry
from tests.chaos.plan import Disturbance
from tests.chaos.world import World

Going = tuple[float, int, Fault, Entry]


class Storm:
    """Call `tick` often, then `calm`, from one thread: servers it starts die with that thread."""

    def __init__(self, world: World, plan: Iterator[Disturbance]) -> None:
        self.world = world
        self.plan = plan
        self.next = next(plan)
        self._going: list[Going] = []
        self._began_at = world.journal.seconds
        self._number = 0

    def tick(self) -> None:
        """Heal what has lasted long enough, start what is due."""
        now = self.world.journal.seconds - self._began_at
        while self._going and self._going[0][0] <= now:
            self._heal(heapq.heappop(self._going))
        while self.next.at <= now:
            due, self.next = self.next, next(self.plan)
            self._begin(due, now)

    def calm(self) -> None:
        """Heal everything, including what was suspended by something that has been killed since."""
        while self._going:
            self._heal(heapq.heappop(self._going))
        self.world.database.recover()
        for cluster in self.world.clusters.each:
            for pid in cluster.members():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        for pid in clusters.of_runs(self.world.temporary):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _begin(self, due: Disturbance, now: float) -> None:
        fault = KINDS[due.kind](self.world, due.pick)
        if fault.subject and fault.subject in {going.subject for _, _, going, _ in self._going}:
            self.world.journal.say(f"{due.kind}: not now, the {fault.subject} is disturbed already")
            return
        what = fault.start()
        if not what:
            self.world.journal.say(f"{due.kind}: nothing to hit")
            return
        lasting = f", for {due.seconds:.1f} s" if due.seconds else ""
        entry = self.world.journal.note(due.kind, f"{what}{lasting}")
        self._number += 1
        heapq.heappush(self._going, (now + due.seconds, self._number, fault, entry))

    def _heal(self, going: Going) -> None:
        _until, _number, fault, entry = going
        fault.heal()
        if fault.lasts != (0.0, 0.0):
            self.world.journal.end(entry)
