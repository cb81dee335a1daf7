"""The command search: verbs, pages and rows, limited to what the user may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from console.collected import MenuEntry, RowSearch, Verb, visible_parts
from console.shielding import ask_part

# Results per kind.
FOUND = 6
# Each has a URL that leads nowhere: static/command.js applies the colour scheme.
THEMES = {"dark": "Dark mode", "light": "Light mode", "auto": "Same theme as the system"}


@dataclass(frozen=True)
class Found:
    """One result, as a line of the list."""

    title: str
    description: str
    icon: str
    link: str


def search(request: HttpRequest, text: str) -> list[Found]:
    """Results without duplicates: verbs first, then pages, then rows."""
    found = [*_verbs(request, text), *_pages(request, text), *_rows(request, text)]
    return list({each.link: each for each in reversed(found)}.values())[::-1]


def _verbs(request: HttpRequest, text: str) -> Iterator[Found]:
    """ "la" is enough for "launch"; if more words follow, the verb has to be complete."""
    word, _, rest = text.lower().partition(" ")
    for verb in visible_parts(request, Verb):
        is_whole = word in verb.names
        is_begun = not rest and len(word) > 1 and any(name.startswith(word) for name in verb.names)
        if is_whole or is_begun:
            asked = partial(lambda each: list(each.find(request, rest.strip()))[:FOUND], verb)
            for words, url in ask_part(verb.names[0], asked, instead=[]):
                yield Found(words, "Action", verb.icon, url)


def _pages(request: HttpRequest, text: str) -> Iterator[Found]:
    for entry in visible_parts(request, MenuEntry):
        if len(text) > 1 and text.lower() in entry.words.lower():
            yield Found(entry.words, "Page", entry.icon, reverse(entry.url_name) + entry.query)


def _rows(request: HttpRequest, text: str) -> Iterator[Found]:
    for kind in visible_parts(request, RowSearch):
        yield from ask_part(kind.permission, partial(_rows_of, kind, text), instead=[])


def _rows_of(kind: RowSearch, text: str) -> list[Found]:
    return [
        Found(str(row), kind.describe(row), kind.icon, row.get_absolute_url())
        for row in kind.find(text)[:FOUND]
    ]


# Verbs of infraops itself


def find_theme(name: str, request: HttpRequest, rest: str) -> Iterable[tuple[str, str]]:
    return [] if rest else [(THEMES[name], f"#theme-{name}")]


def find_forms(request: HttpRequest, rest: str) -> Iterator[tuple[str, str]]:
    """ "add server": the forms for new records that the user may add."""
    for model_admin in admin.site._registry.values():
        opts = model_admin.opts
        is_named = str(opts.verbose_name).lower().startswith(rest.lower())
        if is_named and model_admin.has_add_permission(request):
            url = reverse(f"admin:{opts.app_label}_{opts.model_name}_add")
            yield f"Add {opts.verbose_name}", url
