"""What accounts adds to the console."""

from django.db.models import Q, QuerySet

from console.collected import Endpoint, MenuEntry, RolePermissions, RowSearch

from .api import ApiKeyViewSet, UserViewSet
from .models import User
from .view_api import SavedViewViewSet


def find_people(text: str) -> QuerySet[User]:
    return User.objects.filter(Q(username__icontains=text) | Q(email__icontains=text))


MENU = [
    MenuEntry(
        words="Users",
        icon="group",
        url_name="admin:accounts_user_changelist",
        permission="accounts.view_user",
        group="Administration",
        order=420,
    ),
    MenuEntry(
        words="API keys",
        icon="key",
        url_name="admin:accounts_apikey_changelist",
        permission="accounts.view_own_apikey",
        group="Administration",
        order=430,
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
        admin=(
            "accounts.view_user",
            "accounts.add_user",
            "accounts.change_user",
            "accounts.delete_user",
            "accounts.view_apikey",
            "accounts.add_apikey",
            "accounts.revoke_apikey",
            "accounts.manage_savedview",
        ),
    ),
]

PARTS = [*MENU, *SEARCH, *API, *ROLES]
