"""Run all steps in order of their dependencies; each step is a part (parts.py)."""

from collections.abc import Callable
from random import Random

from django.utils import timezone

from audit.models import AuditLog
from console.collected import MadeUpRows
from console.parts import parts_of

from .scale import Scale
from .world import World

SEEDED = "data.seeded"
Say = Callable[[str], None]


def was_seeded() -> AuditLog | None:
    """The audit line of an earlier seeding, or None."""
    return AuditLog.objects.filter(action=SEEDED).first()


def what_is_there() -> str:
    """ "3 servers, 1 run": rows that people have entered; empty if there are none."""
    found = []
    for rows in (rows for step in parts_of(MadeUpRows) for rows in step.kept()):
        count = rows.order_by()[:1_000].count()
        names = rows.model._meta
        name = names.verbose_name if count == 1 else names.verbose_name_plural
        found += [f"{count} {name}"] if count else []
    return ", ".join(found)


def seed(scale: Scale, number: int, say: Say) -> dict[str, int]:
    """Generate everything. Returns {what: number of rows}. `number` seeds the random generator."""
    world = World(scale, Random(number), timezone.now().replace(microsecond=0))  # noqa: S311
    counts: dict[str, int] = {}
    for step in parts_of(MadeUpRows):
        counts |= step.make(world, say)
    AuditLog.objects.record(SEEDED, servers=scale.servers, jobs=scale.jobs, seed=number)
    return counts
