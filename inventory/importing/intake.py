"""One import: where its rows go, whose they are, and what is known there before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from inventory.models import UNPLACED, Inventory, InventorySource, VariableOverride

from .report import InventoryImport

# Each source of an inventory has its own range of places, so that its hosts stay together.
PLACES = 1_000_000
MOST_RANGES = UNPLACED // PLACES - 1


@dataclass
class Intake:
    """`environment` is for all hosts, whatever they name; `source` None: nobody repeats it."""

    inventory: Inventory
    source: InventorySource | None = None
    environment: str = ""
    report: InventoryImport = field(default_factory=InventoryImport)

    @cached_property
    def first_place(self) -> int:
        """Where its places begin: in the order in which the sources were made."""
        if self.source is None:
            return 0
        earlier = self.inventory.sources.filter(pk__lt=self.source.pk).count()
        return min(earlier + 1, MOST_RANGES) * PLACES

    @cached_property
    def _sources(self) -> dict[int, InventorySource]:
        return {each.pk: each for each in self.inventory.sources.all()}

    @cached_property
    def _overrides(self) -> dict[tuple[str, int], list[VariableOverride]]:
        found: dict[tuple[str, int], list[VariableOverride]] = {}
        for each in VariableOverride.objects.of(self.inventory):
            kind, pk = ("server", each.server_id) if each.server_id else ("group", each.group_id)
            found.setdefault((kind, pk or 0), []).append(each)
        return found

    def overrides_of(self, kind: str, pk: int | None) -> list[VariableOverride]:
        return self._overrides.get((kind, pk or 0), [])

    def is_own(self, row: Any) -> bool:
        """True if the row is, or becomes, this import's: new, its source's, or nobody's.

        A server that is gone from its source is nobody's: hosts move from one file to another.
        """
        if row.source_id is None:
            return True
        is_gone = getattr(row, "missing_since", None) is not None
        return self.source is not None and (is_gone or row.source_id == self.source.pk)

    def is_adopted(self, row: Any) -> bool:
        """True if the row was there before, and not the source's."""
        return self.source is not None and bool(row.pk) and row.source_id != self.source.pk

    def owner_problem(self, row: Any, what: str) -> str:
        """Why it cannot have a row of another source; both are named."""
        owner = self._sources[row.source_id]
        name = f"“{self.source.name}”" if self.source else "an import without a source"
        return f"{what} belongs to the inventory source “{owner.name}”; {name} cannot change it."

    def note_conflicts(self, overrides: Iterable[VariableOverride], name: str) -> None:
        for each in overrides:
            if each.conflict:
                said = self.report.conflicts.setdefault(each.conflict, [])
                said.append(f"{each.name} of {name}")

    def note_overridden(self, overrides: Sequence[VariableOverride], name: str) -> None:
        for each in overrides:
            self.report.overridden.setdefault(each.name, []).append(name)
