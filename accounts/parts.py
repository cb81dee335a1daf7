"""What accounts add to pages: the saved views above each list."""

from typing import Any
from urllib.parse import parse_qs

from django.http import HttpRequest

from console.lists import Rows
from console.pages import ListToolPart

from .signed_in import signed_in


def views_of_list(request: HttpRequest, rows: Rows) -> dict[str, Any]:
    """Those that this person may open, each told whether it is what the page shows."""
    person = signed_in(request)
    views: list[Any] = list(person.open_views(rows.name))
    for view in views:
        view.is_open = parse_qs(view.query) == parse_qs(rows.saveable)
        view.is_mine = view.may_be_changed_by(person)
    return {"saved_views": views}


PAGES = [ListToolPart(template="accounts/_saved_views.html", context=views_of_list)]

PARTS = [*PAGES]
