"""How long playbooks usually take, and how their last runs went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import ClassVar

from django.db.models import OuterRef, Q, Subquery

from .playbooks import Playbook
from .runs import Run

LAST = 50


@dataclass
class LastRuns:
    """The last runs of a playbook that have ended, the oldest first: (seconds, outcome).

    `first`: the key of the oldest of them. `skipped`: how many more there were between them that no
    play was for; those say neither how well it works nor how long it takes.
    """

    COUNTED: ClassVar = [Run.End.FAILED, Run.End.CANCELLED, Run.End.SUCCESS]

    playbook: Playbook
    first: int
    ends: list[tuple[float, str]] = field(default_factory=list)
    skipped: int = 0

    @property
    def usual(self) -> timedelta | None:
        """The median of their durations."""
        return timedelta(seconds=median(self.seconds)) if self.ends else None

    @property
    def seconds(self) -> list[float]:
        return [seconds for seconds, _outcome in self.ends]

    @property
    def succeeded(self) -> int:
        return sum(outcome == Run.End.SUCCESS for _seconds, outcome in self.ends)


def last_runs(playbooks: Collection[int]) -> dict[int, LastRuns]:
    """Of each of these playbooks (their keys) that has ended runs; two queries.

    First where the last fifty begin, then those: each is a short walk along an index, however
    many runs there have been.
    """
    ended = Run.objects.filter(state=Run.State.FINISHED, started_at__isnull=False)
    own = ended.filter(playbook=OuterRef("pk")).order_by("-id").values("id")
    rows = Playbook.objects.filter(pk__in=playbooks).annotate(
        newest=Subquery(own[:1]), oldest=Subquery(own[LAST - 1 : LAST])
    )
    found = {row.pk: LastRuns(row, row.oldest or 0) for row in rows if row.newest}
    if not found:
        return {}
    among = Q()
    for pk, last in found.items():
        among |= Q(playbook=pk, id__gte=last.first)
    # Nothing else is asked for: with the state, SQLite would walk all that have ended.
    columns = ("playbook_id", "started_at", "finished_at", "outcome")
    runs = Run.objects.filter(among).order_by("id").values_list(*columns)
    for pk, began, finished, outcome in runs:
        if began and finished and outcome == Run.End.SKIPPED:
            found[pk].skipped += 1
        elif began and finished:
            found[pk].ends.append(((finished - began).total_seconds(), outcome))
    return found


def usual_duration(playbook: int) -> timedelta | None:
    """The median of its last runs; None where it has none."""
    last = last_runs([playbook]).get(playbook)
    return last.usual if last else None
