"""Each value has the JSON type that the schema says.

DRF also takes "5" for a number, 1 for true, and 5 for a text; programs then send what they did not
mean, and nobody tells them.
"""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings

from schema.limits import NAMED, more_words


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# (field, what it takes, what is wrong with anything else, in DRF's words). The first that fits;
# other fields take anything, or are strict themselves.
SCALARS: list[tuple[type[serializers.Field], Callable[[Any], bool], str]] = [
    (
        serializers.BooleanField,
        lambda value: isinstance(value, bool),
        "Must be a valid boolean.",
    ),
    (serializers.IntegerField, _is_number, "A valid integer is required."),
    (serializers.FloatField, _is_number, "A valid number is required."),
    (serializers.CharField, _is_text, "Not a valid string."),
    (serializers.ChoiceField, _is_text, "Not a valid string."),
    (serializers.SlugRelatedField, _is_text, "Not a valid string."),
]


def type_problem(field: Any, value: Any) -> Any:
    """DRF's error detail for a value, or an item of it, of the wrong type; None if all are right.

    Leaves to the field what it refuses itself: null, and what is not a list or an object.
    """
    if value is None:
        return None
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return type_problem(field.pk_field, value)
    inner = getattr(field, "child_relation", None) or getattr(field, "child", None)
    if isinstance(field, serializers.ManyRelatedField) and not isinstance(value, list):
        return ["Expected a list of items."]
    if inner is not None:
        return _problems_within(inner, value)
    for kind, takes, said in SCALARS:
        if isinstance(field, kind):
            return None if takes(value) else [said]
    return None


def _problems_within(child: Any, value: Any) -> dict[str, Any] | None:
    """{place or name: problem} for the first items of the wrong type."""
    if not isinstance(value, dict | list):
        return None
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = {
        str(place): problem
        for place, item in items
        if (problem := type_problem(child, item)) is not None
    }
    if len(found) > NAMED:
        first = dict(list(found.items())[:NAMED])
        return first | {api_settings.NON_FIELD_ERRORS_KEY: more_words(len(found) - NAMED)}
    return found or None
