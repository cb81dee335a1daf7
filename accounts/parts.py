"""What accounts adds to the console, and the saved views above each list."""

from typing import Any
from urllib.parse import parse_qs

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from console.collected import (
    Endpoint,
    HomeNumbers,
    HomePanel,
    RolePermissions,
    RowSearch,
    list_entry,
)
from console.lists import Rows
from console.pages import ListToolPart

from .api.attempts import FailedAttemptsViewSet
from .api.keys import ApiKeyViewSet
from .api.saved_views import SavedViewViewSet
from .api.sessions import SessionViewSet
from .api.users import UserViewSet
from .models import User
from .signed_in import signed_in


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
    list_entry("Administration", 432, "accounts.session", "Sessions", "computer"),
    list_entry("Administration", 434, "accounts.failedattempts", "Failed attempts", "gpp_maybe"),
]


def count_ending_keys(request: HttpRequest, figures: Any) -> dict[str, Any]:
    """The user's own API keys that expire soon."""
    return {"ending_keys": list(signed_in(request).api_keys.all().ending()[:10])}


HOME = [
    HomeNumbers(app="accounts", count=count_ending_keys),
    HomePanel(
        app="accounts",
        name="ending-keys",
        template="accounts/_home_ending_keys.html",
        place="top",
        permission="accounts.view_own_apikey",
        order=50,
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
        prefix="sessions",
        viewset=SessionViewSet,
        root={"sessions": "session-list"},
        order=112,
    ),
    Endpoint(
        prefix="failed-attempts",
        viewset=FailedAttemptsViewSet,
        root={"failed-attempts": "failedattempts-list"},
        order=114,
    ),
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
            "accounts.view_own_session",
            "accounts.view_savedview",
            "accounts.add_savedview",
            "accounts.change_savedview",
            "accounts.delete_savedview",
        ),
        operator=("accounts.share_savedview",),
        auditor=(
            "accounts.view_user",
            "accounts.view_apikey",
            "accounts.view_session",
            "accounts.view_failedattempts",
        ),
        admin=(
            "accounts.add_user",
            "accounts.change_user",
            "accounts.delete_user",
            "accounts.add_apikey",
            "accounts.revoke_apikey",
            "accounts.end_session",
            "accounts.clear_failedattempts",
            "accounts.manage_savedview",
        ),
    ),
]

PARTS = [*PAGES, *MENU, *HOME, *SEARCH, *API, *ROLES]
