"""The sidebar and keyboard shortcuts, limited to what the user may see."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from console.collected import MenuEntry, may_see, visible_parts
from console.parts import parts_of
from console.shielding import ask_part

# Groups that are folded until one of their pages is open: an operator rarely needs them.
FOLDED = {"Administration"}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The user's groups of links, in the structure that Unfold expects."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in parts_of(MenuEntry):
        items = groups.setdefault(entry.group, [])
        if may_see(request, entry.permission):
            item = ask_part(entry.words, partial(_item, request, entry), instead=None)
            items += [item] if item else []
    return [_group(title, items) for title, items in groups.items() if items]


def _group(title: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": title,
        "separator": bool(title),
        "items": items,
        "collapsible": title in FOLDED,
        "open": any(item["active"] for item in items),
    }


def _item(request: HttpRequest, entry: MenuEntry) -> dict[str, Any]:
    path = reverse(entry.url_name)
    return {
        "title": entry.words,
        "icon": entry.icon,
        "link": path + entry.query,
        "active": _is_here(request, entry, path),
    }


def _is_here(request: HttpRequest, entry: MenuEntry, path: str) -> bool:
    match = request.resolver_match
    if match and match.view_name in entry.pages:
        return True
    return request.path == path if path == reverse("home") else request.path.startswith(path)


def shell_context(request: HttpRequest) -> dict[str, Any]:
    """The user's keyboard shortcuts, which keyboard.js reads from the page, and header buttons."""
    seen = visible_parts(request, MenuEntry) if admin.site.has_permission(request) else []
    return {
        "keyboard_shortcuts": _each(_shortcut, (entry for entry in seen if entry.keys)),
        "header_buttons": _each(_header_button, (entry for entry in seen if entry.in_header)),
    }


def _each(describe: Callable[[MenuEntry], dict[str, str]], entries: Iterable[MenuEntry]) -> list:
    """The descriptions, without entries that raise."""
    found = [ask_part(entry.words, partial(describe, entry), instead=None) for entry in entries]
    return [each for each in found if each]


def _shortcut(entry: MenuEntry) -> dict[str, str]:
    url = reverse(entry.url_name) + entry.query
    return {"keys": entry.keys, "words": entry.words, "url": url}


def _header_button(entry: MenuEntry) -> dict[str, str]:
    url = reverse(entry.url_name) + entry.query
    return {"words": entry.words, "icon": entry.icon, "url": url}


def may_see_history(request: HttpRequest) -> bool:
    """True if object pages should link to the object's story, which is part of the audit trail."""
    return request.user.has_perm("audit.view_auditlog")
