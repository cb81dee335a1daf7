"""Column types that Django does not have: what the database itself holds, on each of them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now
from django.db.models.query_utils import DeferredAttribute
from django.forms.fields import InvalidJSONInput
from django.utils import timezone

from .encryption import Sealed

if TYPE_CHECKING:
    SealedText = models.TextField[Any, Sealed]
else:
    SealedText = models.TextField


class EnumField(models.CharField):
    """One of `choices`: ENUM on MySQL and MariaDB, VARCHAR with a CHECK on SQLite.

    The empty text is allowed when the field is blank and not null. A new choice needs a migration.
    """

    # Django takes a change of these for one that the database does not see; here it does.
    non_db_attrs = tuple(
        name for name in models.CharField.non_db_attrs if name not in ("choices", "blank")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = kwargs.pop("max_length", None)
        super().__init__(*args, **kwargs)
        self.max_length = given or self._length_needed()
        self.validators.append(MaxLengthValidator(self.max_length))

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if kwargs["max_length"] == self._length_needed():
            del kwargs["max_length"]
        return name, path, args, kwargs

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor == "mysql":
            return f"enum({self._quoted_values()})"
        return super().db_type(connection)

    def cast_db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        # CAST(x AS enum) does not exist.
        return models.CharField(max_length=self.max_length).cast_db_type(connection)

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor == "mysql":
            return None
        column = self.db_type_parameters(connection)["qn_column"]
        return f"{column} IN ({self._quoted_values()})"

    def _values(self) -> list[str]:
        values = [str(value) for value, _label in self.flatchoices if value is not None]
        if self.blank and not self.null and "" not in values:
            values.insert(0, "")
        return values

    def _quoted_values(self) -> str:
        return ", ".join("'" + value.replace("'", "''") + "'" for value in self._values())

    def _length_needed(self) -> int:
        # Room to spare, so that a new choice seldom changes the length as well.
        return max([20, *map(len, self._values())])


class UUIDTextField(models.CharField):
    """A UUID, kept as 36 characters of lower-case text with hyphens.

    People can read and search it (`icontains` works on a part) in any database, and it is the same
    text everywhere; Django's own field is a native type on MariaDB and 32 digits on MySQL.
    """

    default_error_messages = {"invalid": "“%(value)s” is not a valid UUID."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 36
        super().__init__(*args, **kwargs)
        # It measures text, and the value is a uuid.UUID.
        self.validators = [
            validator
            for validator in self.validators
            if not isinstance(validator, MaxLengthValidator)
        ]

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def to_python(self, value: Any) -> uuid.UUID | None:
        if value is None or isinstance(value, uuid.UUID):
            return value
        try:
            return uuid.UUID(str(value))
        except ValueError:
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": value}
            ) from None

    def get_prep_value(self, value: Any) -> str | None:
        value = super().get_prep_value(value)
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, *_unused: Any) -> uuid.UUID | None:
        return self.to_python(value)

    def formfield(self, **kwargs: Any) -> Any:
        # CharField's own would pass max_length on, which measures text here too.
        defaults = {"form_class": forms.UUIDField, **kwargs}
        return super(models.CharField, self).formfield(**defaults)


class ReadableJSONField(forms.JSONField):
    """Also refuses what Python itself cannot read: Django would let that break the page."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(TOO_DEEP) from None
        except ValueError:  # a number of thousands of digits
            raise ValidationError(INEXACT_NUMBER) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (RecursionError, ValueError):
            return InvalidJSONInput(data)


class JSONShapeField(models.JSONField):
    """JSON of a certain shape, which its validators know.

    Django asks them nothing about a value that is empty, and so takes [] where an object belongs.
    """

    empty_values = [None]

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        try:
            super().validate(value, model_instance)
            is_inexact = has_inexact_number(value)
        except RecursionError:
            raise ValidationError(TOO_DEEP) from None
        if is_inexact:
            raise ValidationError(INEXACT_NUMBER)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": ReadableJSONField, **kwargs})


TOO_DEEP = "This is nested too deeply."
INEXACT_NUMBER = "A whole number of more than 64 bits: give it as a text, in quotes."


def has_inexact_number(value: Any) -> bool:
    """Whether a whole number in it is too large for JSON on MySQL, which would round it."""
    if isinstance(value, dict):
        return any(map(has_inexact_number, value.values()))
    if isinstance(value, list):
        return any(map(has_inexact_number, value))
    return isinstance(value, int) and not -(2**63) <= value < 2**64


class SealingAttribute(DeferredAttribute):
    """Encrypts what is assigned, at once: a row in memory has no secret in clear either."""

    def __set__(self, row: models.Model, value: Any) -> None:
        row.__dict__[self.field.attname] = self.field.to_python(value)


class EncryptedTextField(SealedText):
    """A secret: a text that is assigned in clear, and read as a Sealed token.

    No form shows it unless one asks for it on purpose. The empty text stays empty in the database,
    so that whether there is a secret can be seen without a key.
    """

    descriptor_class = SealingAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"blank": True, "default": "", "editable": False, **kwargs})

    def to_python(self, value: Any) -> Sealed:
        return value if isinstance(value, Sealed) else self.sealed(value)

    def from_db_value(self, value: str | None, *_unused: Any) -> Sealed:
        return Sealed(value or "")

    def get_prep_value(self, value: Any) -> str:
        return str(self.to_python(value))

    def sealed(self, value: Any) -> Sealed:
        return Sealed.of(value or "")


class EncryptedJSONField(EncryptedTextField):
    """The same for a structure: `json.loads(row.field.opened())`. An empty one is no secret."""

    def sealed(self, value: Any) -> Sealed:
        return Sealed.of(json.dumps(value) if value else "")


class CreatedAtField(models.DateTimeField):
    """When the row was written; the database fills it in for a raw INSERT too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs = {"default": timezone.now, "db_default": Now(), "editable": False, **kwargs}
        super().__init__(*args, **kwargs)


class UpdatedAtField(models.DateTimeField):
    """When the row was last changed: by `save()` everywhere, by any UPDATE on MySQL and MariaDB.

    SQLite has no ON UPDATE: `QuerySet.update()` and `save(update_fields=…)` leave the time as it
    was there, unless they name it. A verb that uses them writes `updated_at=timezone.now()`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_now": True, "db_default": Now(), **kwargs})

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor == "mysql":
            return "ON UPDATE CURRENT_TIMESTAMP(6)"
        return super().db_type_suffix(connection)
