"""What accounts adds to the console, and the saved views above each list."""

from typing import Any
from urllib.parse import parse_qs

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from console.collected import Endpoint, RolePermissions, RowSearch, list_entry
from console.lists import Rows
from console.pages import ListToolPart

from .api import ApiKeyViewSet, UserViewSet
from .models import User
from .signed_in import signed_in
from .view_api import SavedViewViewSet


def views_of_list(request: HttpRequest, rows: Rows) -> dict[str, Any]:
    """Views that this user may open, each with `is_open` (shown now) and `is_mine`."""
    person = signed_in(request)
    views: list[Any] = list(person.open_views(rows.name))
    for view in views:
        view.is_open = parse_qs(view.query) == parse_qs(rows.saveable)
        view.is_mine = view.may_be_changed_by(person)
    return {"saved_views": views}


PAGES = [ListToolPart(template="accounts/_saved_views.html", context=views_of_list)]


def find_people(text: str) -> QuerySet[User]:
    return User.objects.filter(Q(username__icontains=text) | Q(email__icontains=text))


MENU = [
    list_entry("Administration", 420, "accounts.user", "Users", "group"),
    list_entry(
        "Administration",
        430,
        "accounts.apikey",
        "API keys",
        "key",
        permission="accounts.view_own_apikey",
    ),
]

SEARCH = [
    RowSearch(
        permission="accounts.view_user",
        icon="person",
        find=find_people,
        describe=lambda user: user.get_role_display(),
        order=50,
    ),
]

API = [
    Endpoint(
        prefix="users",
        viewset=UserViewSet,
        root={"users": "user-list", "me": "user-me"},
        order=100,
    ),
    Endpoint(prefix="api-keys", viewset=ApiKeyViewSet, root={"api-keys": "apikey-list"}, order=110),
    Endpoint(
        prefix="saved-views",
        viewset=SavedViewViewSet,
        root={"saved-views": "savedview-list"},
        order=120,
    ),
]

ROLES = [
    RolePermissions(
        app="accounts",
        viewer=(
            "accounts.view_own_apikey",
            "accounts.view_savedview",
            "accounts.add_savedview",
            "accounts.change_savedview",
            "accounts.delete_savedview",
        ),
        operator=("accounts.share_savedview",),
        auditor=("accounts.view_user", "accounts.view_apikey"),
        admin=(
            "accounts.add_user",
            "accounts.change_user",
            "accounts.delete_user",
            "accounts.add_apikey",
            "accounts.revoke_apikey",
            "accounts.manage_savedview",
        ),
    ),
]

PARTS = [*PAGES, *MENU, *SEARCH, *API, *ROLES]
