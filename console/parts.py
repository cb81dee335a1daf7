"""What apps add to each other's lists and pages, and to what the whole console shows.

An app says what it adds in one place of its own, `<app>/parts.py`, and its AppConfig.ready() hands
that over: `parts.contribute(*PARTS)`. Whoever shows something asks for the parts of its kind and
goes through them. Siblings do so side by side; nobody changes another app's files.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from django.apps import apps
from django.core.exceptions import AppRegistryNotReady


@dataclass(frozen=True, kw_only=True)
class Part:
    """The base of every kind; of two parts, the one with the lower `order` comes first."""

    order: int = 100


Kind = TypeVar("Kind", bound=Part)
Function = TypeVar("Function", bound=Callable[..., Any])

_contributed: list[Part] = []
_forget: list[Callable[[], None]] = []


def contribute(*parts: Part) -> None:
    """Add these; a part that is there already is not added again."""
    _replace([*_contributed, *(part for part in parts if part not in _contributed)])


def parts_of(kind: type[Kind]) -> list[Kind]:
    """All of this kind, in their order; of equal ones, in the order of INSTALLED_APPS.

    AppRegistryNotReady before each app has handed over its own: an answer would lack some.
    """
    if not apps.ready:
        raise AppRegistryNotReady("Parts are known once every app is ready.")
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
        _replace(before)


def remembered(function: Function) -> Function:
    """For a function of parts alone: worked out once, and anew when parts come or go."""
    cached = cache(function)
    _forget.append(cached.cache_clear)
    return cast(Function, cached)


def _replace(parts: list[Part]) -> None:
    _contributed[:] = parts
    for forget in _forget:
        forget()
