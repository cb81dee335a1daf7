"""What apps add to each other's lists and pages, and to what the whole console shows.

An app says what it adds in one place of its own, `<app>/parts.py`, and its AppConfig.ready() hands
that over: `parts.contribute(*PARTS)`. Whoever shows something asks for the parts of its kind and
goes through them. Siblings do so side by side; nobody changes another app's files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, kw_only=True)
class Part:
    """The base of every kind; of two parts, the one with the lower `order` comes first."""

    order: int = 100


Kind = TypeVar("Kind", bound=Part)

_contributed: list[Part] = []


def contribute(*parts: Part) -> None:
    """Add these; a part that is there already is not added again."""
    _contributed.extend(part for part in parts if part not in _contributed)


def parts_of(kind: type[Kind]) -> list[Kind]:
    """All of this kind, in their order; of equal ones, in the order of INSTALLED_APPS."""
    return sorted(
        (part for part in _contributed if isinstance(part, kind)), key=lambda part: part.order
    )


@contextmanager
def contributed(*parts: Part) -> Iterator[None]:
    """For a test: these are there within the block, and gone after it."""
    before = list(_contributed)
    contribute(*parts)
    try:
        yield
    finally:
        _contributed[:] = before
