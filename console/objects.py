"""Objects in general: their id, their audit story, and what refers to them."""

from django.db.models import Model
from django.db.models.deletion import PROTECT, RESTRICT
from django.urls import reverse

from schema.limits import LARGEST


def identity_of(obj: Model | None) -> str | None:
    """The object's id in the API: its UUID if it has one, otherwise its primary key."""
    if obj is None:
        return None
    name = f"{obj._meta.model_name}_id"
    return str(getattr(obj, name, None) or obj.pk)


def story_of(obj: Model) -> str:
    """The URL of the page with all audit lines about an object."""
    return story_url(str(obj._meta.model_name), str(identity_of(obj)))


def story_url(kind: str, identity: str) -> str:
    """The same by kind and id, for an object that may be deleted."""
    return reverse("audit:story", args=[kind, identity])


def find_references(obj: Model) -> str:
    """Which rows prevent deleting this one: "used by jobs and runs; …", or an empty string."""
    kinds = [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in obj._meta.related_objects
        if relation.on_delete in (PROTECT, RESTRICT)
        and relation.related_model._base_manager.filter(**{relation.field.name: obj}).exists()
    ]
    if not kinds:
        return ""
    advice = "; deactivate it instead" if hasattr(obj, "is_active") else ""
    return f"used by {' and '.join(kinds)}{advice}"


def row_key(text: str | None) -> int:
    """A row's key from a URL or a form.

    Returns 0, which no row has, for anything else, including numbers too large for the database.
    """
    return int(text) if text and text.isdecimal() and is_whole_number(text) else 0


def is_whole_number(text: str) -> bool:
    """True for a whole number that a column can hold.

    int() alone cannot decide: it rejects thousands of digits, and SQLite what exceeds 64 bits.
    """
    digits = text.strip().removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal()
    return is_number and len(digits) <= len(str(LARGEST)) and int(digits) <= LARGEST
