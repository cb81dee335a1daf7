"""Differences for display: values side by side, JSON by key, long texts line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import unified_diff
from typing import Any

# Longer texts (in characters) and multi-line texts are compared line by line.
LONG = 80
# Beyond these lines, texts are not compared.
COMPARED_LINES = 1_000
# Deeper JSON is compared as a whole.
DEPTH = 4
LONGEST_LINE = 2_000
ABSENT: Any = object()
SIGNS = {"-": "gone", "+": "come", " ": "kept", "@": "place"}


@dataclass(frozen=True)
class Line:
    """One line of a text; `sign` is "-", "+", " ", or "@" for omitted lines."""

    sign: str
    text: str

    @property
    def kind(self) -> str:
        return SIGNS[self.sign]


@dataclass(frozen=True)
class Difference:
    """A changed field, or key of a field ("tags.role"): two values, or the lines of a long text.

    None means that there is no value; `more` is the number of lines omitted from `lines`.
    """

    name: str
    before: str | None = None
    after: str | None = None
    lines: tuple[Line, ...] = ()
    more: int = 0


def differences(changes: Any, most_lines: int = 400) -> list[Difference]:
    """Differences in an audit line's `changes`: {"ssh_port": [22, 2222]}; [] for anything else."""
    if not isinstance(changes, Mapping):
        return []
    return [
        _shortened(found, most_lines)
        for name, pair in changes.items()
        if isinstance(pair, list) and len(pair) == 2
        for found in _compared(str(name), _parsed(pair[0]), _parsed(pair[1]), DEPTH)
    ]


def in_words(value: Any) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _compared(name: str, before: Any, after: Any, depth: int) -> Iterator[Difference]:
    old, new = _keys(before), _keys(after)
    if depth and old is not None and new is not None and (old or new):
        for key in [*old, *(key for key in new if key not in old)]:
            pair = old.get(key, ABSENT), new.get(key, ABSENT)
            if pair[0] != pair[1]:
                yield from _compared(f"{name}.{key}", *pair, depth - 1)
        return
    texts = _text(before), _text(after)
    lines = _lines(*texts) if any(map(_is_long, texts)) else ((), 0)
    yield Difference(name, *texts, *lines)


def _keys(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else {} if value is ABSENT else None


def _text(value: Any) -> str | None:
    """The value as text; lists have one item per line, so that an added item is one added line."""
    if value is ABSENT:
        return None
    if isinstance(value, list) and value:
        return "\n".join(map(in_words, value))
    return in_words(value)


def _is_long(text: str | None) -> bool:
    return text is not None and (len(text) > LONG or "\n" in text)


def _lines(before: str | None, after: str | None) -> tuple[tuple[Line, ...], int]:
    old, new = (before or "").splitlines(), (after or "").splitlines()
    uncompared = max(len(old), len(new), COMPARED_LINES) - COMPARED_LINES
    marked = unified_diff(old[:COMPARED_LINES], new[:COMPARED_LINES], lineterm="", n=2)
    lines = [Line(line[0], line[1 : LONGEST_LINE + 1]) for line in list(marked)[2:]]
    # Replace hunk headers, whose numbers tell the reader nothing, and drop the first.
    shown = [Line("@", "…") if line.sign == "@" else line for line in lines[1:]]
    return tuple(shown), uncompared


def _shortened(difference: Difference, most: int) -> Difference:
    """The difference with at most `most` lines; the rest are only counted."""
    more = max(len(difference.lines) - most, 0) + difference.more
    return replace(difference, lines=difference.lines[:most], more=more)


def _parsed(value: Any) -> Any:
    """Parse django-auditlog's values: JSON fields are text, and None means no value."""
    if value is None:
        return ABSENT
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):  # a text that merely begins with a bracket
            return value
    return value
