"""Parts: what apps add to each other's lists and pages, and to the console as a whole.

An app declares its parts in `<app>/parts.py`, and its AppConfig.ready() hands them over with
`parts.contribute(*PARTS)`. Whatever shows a kind of part loops over `parts_of(kind)`. Apps do so
side by side; nobody edits another app's files.
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
    """The base of every kind of part; lower `order` comes first."""

    order: int = 100


@dataclass(frozen=True, kw_only=True)
class VisiblePart(Part):
    """The base of parts that only users with `permission` see; "": everybody."""

    permission: str


Kind = TypeVar("Kind", bound=Part)
Function = TypeVar("Function", bound=Callable[..., Any])

_contributed: list[Part] = []
_forget: list[Callable[[], None]] = []


def contribute(*parts: Part) -> None:
    """Add parts; one that was already added is not added again."""
    _replace([*_contributed, *(part for part in parts if part not in _contributed)])


def parts_of(kind: type[Kind]) -> list[Kind]:
    """All parts of this kind, sorted by `order`, then by INSTALLED_APPS.

    Raises AppRegistryNotReady until every app has contributed, as parts would be missing.
    """
    if not apps.ready:
        raise AppRegistryNotReady("Parts are known once every app is ready.")
    return sorted(
        (part for part in _contributed if isinstance(part, kind)), key=lambda part: part.order
    )


@contextmanager
def contributed(*parts: Part) -> Iterator[None]:
    """Contribute parts within a `with` block only; for tests."""
    before = list(_contributed)
    contribute(*parts)
    try:
        yield
    finally:
        _replace(before)


def remembered(function: Function) -> Function:
    """Cache a function that depends on parts alone, until parts are added or removed."""
    cached = cache(function)
    _forget.append(cached.cache_clear)
    return cast(Function, cached)


def _replace(parts: list[Part]) -> None:
    _contributed[:] = parts
    for forget in _forget:
        forget()
