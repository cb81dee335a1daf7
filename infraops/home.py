"""The home page: the apps' tiles and panels, filled in with each app's numbers."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from console.collected import FirstStep, HomeNumbers, HomePanel, HomePart, HomeTiles, visible_parts
from console.parts import parts_of
from console.shielding import BROKEN, ask_part

from .figures import Figures, figures_of

# {app: its numbers}; None if they failed.
Numbers = Mapping[str, Mapping[str, Any] | None]
Filled = tuple[HomePanel, SafeString]


def home_of(request: HttpRequest, oldest: timedelta) -> dict[str, Any]:
    """Context of the home page for this user, with figures no older than `oldest`."""
    figures = figures_of(oldest)
    tiles, panels = visible_parts(request, HomeTiles), visible_parts(request, HomePanel)
    numbers = _numbers(request, figures, {part.app for part in [*tiles, *panels]})
    filled = [(panel, _filled(request, panel, numbers)) for panel in panels]
    return {
        "above": [each for each in filled if each[0].place == "top"],
        "tiles": [_filled(request, part, numbers) for part in tiles],
        "rows": _rows([each for each in filled if each[0].place != "top"]),
        "is_fresh": figures.is_fresh,
        "are_new": figures.are_new,
    }


def first_steps() -> list[dict[str, Any]]:
    """The first steps, as long as one of them is not done."""
    steps = [{"template": step.template, "is_done": _is_done(step)} for step in parts_of(FirstStep)]
    return steps if any(step["is_done"] is False for step in steps) else []


def _is_done(step: FirstStep) -> bool | None:
    return step.is_done and ask_part(step.template, step.is_done, instead=None)


def _numbers(request: HttpRequest, figures: Figures, apps: set[str]) -> Numbers:
    return {
        part.app: _numbers_of(request, figures, part)
        for part in parts_of(HomeNumbers)
        if part.app in apps
    }


def _numbers_of(request: HttpRequest, figures: Figures, part: HomeNumbers) -> dict[str, Any] | None:
    of_app = figures.by_app.get(part.app)
    if of_app is None:
        return None
    now = ask_part(f"numbers of {part.app}", lambda: part.count(request, of_app), instead=None)
    return None if now is None else {**of_app, **now, "as_of": figures.as_of}


def _filled(request: HttpRequest, part: HomePart, numbers: Numbers) -> SafeString:
    given = numbers.get(part.app, {})
    if given is None:
        return BROKEN
    return ask_part(
        part.template,
        lambda: render_to_string(part.template, dict(given), request),
        instead=BROKEN,
    )


def _rows(panels: list[Filled]) -> list[list[list[Filled]]]:
    """Rows of columns of panels.

    Consecutive panels of half width share a row of two columns, alternately left and right, so that
    a short one leaves no gap below it.
    """
    rows: list[list[list[Filled]]] = []
    for place, alike in groupby(panels, key=lambda filled: filled[0].place):
        found = list(alike)
        if place == "half":
            rows.append([column for column in (found[::2], found[1::2]) if column])
        else:
            rows += [[[each]] for each in found]
    return rows
