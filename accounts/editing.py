"""Verbs to change a few fields of a record that is otherwise edited in a form."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from audit.context import acting_for

from .models import User


class Editable(models.Model):
    """Rows change through `save`, so that django-auditlog records values before and after."""

    class Meta:
        abstract = True

    def activate(self, actor: User) -> bool:
        return self.edit(actor, is_active=True)

    def deactivate(self, actor: User) -> bool:
        return self.edit(actor, is_active=False)

    def edit(self, actor: User, **changes: Any) -> bool:
        """Change fields of the row as it now is in the database; False if nothing differs.

        A value may be a function of that row. Raises PermissionDenied, or ValidationError for an
        invalid value.
        """
        if not actor.has_perm(f"{self._meta.app_label}.change_{self._meta.model_name}"):
            raise PermissionDenied(
                f"Your role does not allow changing {self._meta.verbose_name_plural}."
            )
        with transaction.atomic(), acting_for(actor):
            row: Any = type(self)._default_manager.select_for_update().get(pk=self.pk)
            before = {name: getattr(row, name) for name in changes}
            for name, value in changes.items():
                setattr(row, name, value(row) if callable(value) else value)
            untouched = {field.name for field in row._meta.fields} - set(changes)
            row.clean_fields(exclude=untouched)
            after = {name: getattr(row, name) for name in changes}
            if after == before:
                return False
            row.save(update_fields=[*changes, "updated_at"])
        for name, value in after.items():
            setattr(self, name, value)
        return True
