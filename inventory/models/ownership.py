"""What an inventory source owns is changed where the source reads it, and not here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from schema.exceptions import Refused

from .cleaning import collect_problems

# Variables of a host that name its environment.
ENVIRONMENT = ("environment", "infraops_environment")


class Owned(models.Model):
    """A row that may have a `source`, which is a column of each model of its own."""

    # Fields that the source sets; all others are the console's.
    OF_SOURCE: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:
        source: Any
        source_id: Any

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Any = None) -> None:
        left_out = set(exclude or ())
        collect_problems(
            lambda: super(Owned, self).clean_fields(exclude),
            lambda: self._refuse_changes(left_out),
        )

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        if self.reason_to_keep:
            raise Refused(f"{self} cannot be deleted: it {self.reason_to_keep}")
        return super().delete(*args, **kwargs)

    @property
    def reason_to_keep(self) -> str:
        """Why nobody may delete it, after "it"; "" if they may."""
        return f"{self.source.advice}." if self.source else ""

    def fields_of_source(self) -> tuple[str, ...]:
        """What people cannot change here while it has a source."""
        return self.OF_SOURCE

    def _refuse_changes(self, left_out: set[str]) -> None:
        names = [name for name in self.fields_of_source() if name not in left_out]
        if not (self.source_id and self.pk and names):
            return
        rows: Any = type(self)._default_manager
        stored = rows.get(pk=self.pk)
        changed = [name for name in names if getattr(self, name) != getattr(stored, name)]
        if changed:
            said = self._advice()
            raise ValidationError({name: [said] for name in changed})

    def _advice(self) -> str:
        return f"{self} {self.source.advice}, or override a variable."
