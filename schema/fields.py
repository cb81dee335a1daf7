"""Model fields that Django lacks, with what each database stores for them."""

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
from .limits import DEEPEST, LONGEST_JSON, LONGEST_TEXT, is_deeper

if TYPE_CHECKING:
    SealedText = models.TextField[Any, Sealed]
else:
    SealedText = models.TextField


class EnumField(models.CharField):
    """One of `choices`: an ENUM on MySQL and MariaDB, a VARCHAR with a CHECK on SQLite.

    The empty string is allowed if the field is blank and not null. A new choice needs a migration.
    """

    # Django assumes that these never reach the database; here they do.
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
        # CAST(x AS enum) does not exist in SQL.
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
        # Leaves room, so that a new choice seldom changes the length too.
        return max([20, *map(len, self._values())])


class ExactCharField(models.CharField):
    """Text that is told apart to the last detail: “Web” and “web” are two names.

    Elsewhere MySQL and MariaDB compare without regard to case and accents. SQLite never does.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        collation = "utf8mb4_bin" if connection.vendor == "mysql" else None
        return {**super().db_parameters(connection), "collation": collation}


class UUIDTextField(models.CharField):
    """A UUID, stored as 36 lower-case characters with hyphens.

    The stored text is the same in every database, and readable and searchable (`icontains` works on
    a part). Django's UUIDField is a native type on MariaDB and 32 digits on MySQL.
    """

    default_error_messages = {"invalid": "“%(value)s” is not a valid UUID."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 36
        super().__init__(*args, **kwargs)
        # The length validator expects text, but the value is a uuid.UUID.
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
        # CharField.formfield() would pass max_length, which measures text here too.
        defaults = {"form_class": forms.UUIDField, **kwargs}
        return super(models.CharField, self).formfield(**defaults)


class DescriptionField(models.TextField):
    """Text that people write, up to LONGEST_TEXT characters. A column cannot tell."""

    default_validators = [MaxLengthValidator(LONGEST_TEXT)]

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class ReadableJSONField(forms.JSONField):
    """Rejects JSON that Python cannot read, instead of letting it crash the page."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
        except RecursionError:
            raise ValidationError(TOO_DEEP) from None
        except ValueError:  # a number with thousands of digits
            raise ValidationError(INEXACT_NUMBER) from None
        if is_deeper(found, DEEPEST):
            raise ValidationError(TOO_DEEP)
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            found = super().bound_data(data, initial)
        except (RecursionError, ValueError):
            return InvalidJSONInput(data)
        return InvalidJSONInput(data) if is_deeper(found, DEEPEST) else found

    def prepare_value(self, value: Any) -> Any:
        text = super().prepare_value(value)
        return text if is_encodable(str(text)) else json.dumps(value)


def is_encodable(text: str) -> bool:
    """False if it holds half of a surrogate pair, which no page can show."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class JSONShapeField(models.JSONField):
    """JSON whose shape is checked by the field's validators.

    Django skips validators for empty values and so accepts [] where an object is expected; this
    field runs them for everything but None.
    """

    empty_values = [None]

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        if problem := storing_problem(value):
            raise ValidationError(problem)
        super().validate(value, model_instance)

    def formfield(self, **kwargs: Any) -> Any:
        # Without a hidden copy of the whole value, which Django adds for a callable default.
        usual = {"form_class": ReadableJSONField, "show_hidden_initial": False}
        return super().formfield(**{**usual, **kwargs})


TOO_DEEP = f"This is nested too deeply: at most {DEEPEST} levels."
TOO_LONG = f"This is too long: at most {LONGEST_JSON:,} characters, written as JSON."
# What Python's json reads and no database stores.
HALF_A_PAIR = "This holds half of a surrogate pair (such as \\ud800), which cannot be stored."
NO_NUMBER = "This holds NaN, Infinity or a number that is too large."
INEXACT_NUMBER = "This whole number has more than 64 bits. Enter it as text, in quotes."
NOT_JSON = "This contains a value that JSON cannot express."


def storing_problem(value: Any) -> str:
    """Why not every database could store the value as JSON, or it is too large; "" if all can."""
    if is_deeper(value, DEEPEST):
        return TOO_DEEP
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
        written.encode()
    except UnicodeEncodeError:
        return HALF_A_PAIR
    except ValueError:
        return NO_NUMBER
    except TypeError:
        return NOT_JSON
    if len(written) > LONGEST_JSON:
        return TOO_LONG
    return INEXACT_NUMBER if has_inexact_number(value) else ""


def has_inexact_number(value: Any) -> bool:
    """True if a whole number in it exceeds 64 bits; MySQL's JSON would round it."""
    if isinstance(value, dict):
        return any(map(has_inexact_number, value.values()))
    if isinstance(value, list):
        return any(map(has_inexact_number, value))
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def CASCADE_ROW(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """An on_delete: CASCADE for one of several keys of which a row has exactly one.

    Django's would set it to NULL first where a database checks constraints at once, which the
    row's own CHECK refuses, and would delete what it points to before it.
    """
    collector.collect(
        sub_objs,
        source=field.remote_field.model,
        source_attr=field.name,
        nullable=False,
        fail_on_restricted=False,
    )


class SealingAttribute(DeferredAttribute):
    """Encrypts on assignment, so that a row in memory never holds the plain secret."""

    def __set__(self, row: models.Model, value: Any) -> None:
        row.__dict__[self.field.attname] = self.field.to_python(value)


class EncryptedTextField(SealedText):
    """A secret: assigned as plain text, read as a Sealed token.

    Not editable, so a form shows it only if it asks for it explicitly. The empty string is stored
    as it is, so that a query can tell whether there is a secret without needing a key.
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
    """The same for JSON data: `json.loads(row.field.opened())`. Empty data is stored as ""."""

    def sealed(self, value: Any) -> Sealed:
        return Sealed.of(json.dumps(value) if value else "")


class CreatedAtField(models.DateTimeField):
    """Creation time; the database fills it in for raw INSERTs too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs = {"default": timezone.now, "db_default": Now(), "editable": False, **kwargs}
        super().__init__(*args, **kwargs)


class UpdatedAtField(models.DateTimeField):
    """Time of the last change: by `save()` everywhere, by any UPDATE on MySQL and MariaDB.

    SQLite has no ON UPDATE, so there `QuerySet.update()` and `save(update_fields=…)` do not touch
    the time unless they name it. Verbs that use them set `updated_at=timezone.now()`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_now": True, "db_default": Now(), **kwargs})

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor == "mysql":
            return "ON UPDATE CURRENT_TIMESTAMP(6)"
        return super().db_type_suffix(connection)
