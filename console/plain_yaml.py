"""YAML without surprises, restricted to what JSON can express.

No "yes" that becomes true, no 22:22 that becomes a number, no dates, no aliases, no duplicate
names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml
from django.core.exceptions import ValidationError

from schema.fields import TOO_DEEP
from schema.limits import DEEPEST, LONGEST_TEXT, quoted

# From YAML 1.2's core schema, what JSON has too: {tag: (pattern, possible first characters)}.
MEANINGS = {
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF"),
    "int": (re.compile(r"[-+]?(?:0|[1-9][0-9]{0,40}+)\Z"), "-+0123456789"),
    "float": (
        re.compile(r"[-+]?(?:0|[1-9][0-9]{0,40}+)(?:\.[0-9]{1,40}+)?(?:[eE][-+]?[0-9]{1,3}+)?\Z"),
        "-+0123456789",
    ),
    "null": (re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
}


class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads the types in MEANINGS; all other plain values are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        pairs = [
            (self.construct_object(key, deep=True), self.construct_object(value, deep=True))
            for key, value in node.value
        ]
        if not all(isinstance(name, str) for name, _value in pairs):
            raise ValidationError("The keys of a map must be text: put numbers in quotes.")
        return unique_pairs(pairs)


for _name, (_pattern, _beginnings) in MEANINGS.items():
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list(_beginnings))


def read_yaml(text: str) -> Any:
    """Parse YAML. Raises ValidationError if it is invalid, or more than JSON can express."""
    if len(text) > LONGEST_TEXT:
        raise ValidationError(f"At most {LONGEST_TEXT:,} characters.")
    try:
        _refuse_more_than_json(text)
        value = yaml.load(text, PlainLoader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        raise ValidationError(f"Not valid YAML or JSON{_place(error)}.") from None
    except (ValueError, OverflowError):
        raise ValidationError("A number in this is too large.") from None
    return value


def _refuse_more_than_json(text: str) -> None:
    """Refuse aliases, and tags: on one that does not fit, PyYAML fails in many ways.

    Also what is nested deeply, at its first level too many: the time for it grows with the square
    of the levels.
    """
    depth = 0
    for event in yaml.parse(text, PlainLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValidationError(TOO_DEEP)
        if isinstance(event, yaml.AliasEvent):
            raise ValidationError("YAML aliases (*name) cannot be used here.")
        if tag := getattr(event, "tag", None):
            short = tag.replace("tag:yaml.org,2002:", "!!")[:40]
            raise ValidationError(f"YAML tags ({short}) cannot be used here.")


def unique_pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dict.

    Raises ValidationError for a duplicate name, as one value would be lost.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValidationError(f"“{quoted(name)}” appears twice.")
        found[name] = value
    return found


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark else ""
