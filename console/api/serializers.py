"""Serializers that ignore nothing and leave validation to the model."""

from copy import copy
from functools import partial
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from schema.limits import LONGEST_TEXT

from .errors import each_named
from .json_types import type_problem


# Comments, as a docstring would be in the API's documentation below each serializer without one.
# Unknown and read-only fields are 400, never silently ignored, and so are wrong types.
class StrictSerializer(serializers.Serializer):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := set(data) - writable:
                raise ValidationError(each_named(unknown, partial(self._why_not, writable)))
            problems = {name: type_problem(self.fields[name], data[name]) for name in data}
            if wrong := {name: said for name, said in problems.items() if said is not None}:
                raise ValidationError(wrong)
        return super().to_internal_value(data)

    def _why_not(self, writable: set[str], name: str) -> str:
        if name in self.fields:
            return "This field is read-only."
        known = ", ".join(sorted(writable))
        return f"No such field. Known: {known}." if known else "No such field: send an empty body."


def secret(help_text: str = "") -> serializers.CharField:
    """A write-only field; the empty string clears what is stored."""
    return serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=LONGEST_TEXT,
        style={"input_type": "password"},
        help_text=f"{help_text} Write-only.".strip(),
    )


class NoFields(StrictSerializer):
    """The body of an action that takes no values: empty, or {}."""


# Leaves validation to the model, so that the API accepts what the admin accepts. `create` and
# `update` of subclasses may change `self.row`, which is validated but not yet saved.
class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer):
    row: Any

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        # The model runs its own validators, after it has normalised names.
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        kwargs.pop("validators", None)
        return field_class, kwargs

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.row = copy(self.instance) if self.instance else cast(Any, self.Meta).model()
        for name, value in attrs.items():
            setattr(self.row, name, value)
        untouched = {field.name for field in self.row._meta.fields} - set(attrs)
        try:
            self.row.full_clean(exclude=untouched)
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from None
        return attrs

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Any:
        self.row.save(force_insert=True)
        return self.row

    @transaction.atomic
    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Save all fields that differ, even unsent ones: a new path means a new hash."""
        names = [
            field.name
            for field in self.row._meta.concrete_fields
            if getattr(self.row, field.attname) != getattr(instance, field.attname)
        ]
        if names:
            self.row.save(update_fields=[*names, "updated_at"])
        return self.row
