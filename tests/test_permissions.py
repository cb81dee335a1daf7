"""Who gets what: tests/permission_table.py, tried by every role. A page without a row fails."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from tests.permission_table import OPEN_TO, PREFIXES_OF_PACKAGES, TABLE, Who

# They answer every other path below /admin/ and /api/; the admin's front page is home.
CATCH_ALL = {"admin:(?P<url>.*)$", "admin:<path:object_id>/", "api:unknown", "admin/"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def pages(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """The name of every URL, with its namespace; the route if it has no name."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from pages(entry, inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name or entry.pattern}"


def asked(user: User | None, name: str, method: str) -> tuple[str, str]:
    """(the page's reaction to this user in a word or two, the response)."""
    client = client_of(user)
    row = TABLE[name]
    path = reverse(name, args=row.arguments(user))
    response = client.generic(
        method, path + row.query, row.body, "application/x-www-form-urlencoded"
    )
    location = response.headers.get("Location", "")
    answer = f"{response.status_code} {location}".strip()
    if response.status_code == 401 or location.startswith(f"{settings.LOGIN_URL}?"):
        return "log in first", answer
    if response.status_code == 403:
        return "not you", answer
    # The admin redirects requests for missing objects to its front page.
    is_lost = location == reverse("admin:index") and name not in ("admin:login", "admin:logout")
    if is_lost or response.status_code in (404, 405) or response.status_code >= 500:
        return "broken", answer
    return "welcome", answer


def client_of(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def expected(wanted: Who, who: str) -> str:
    if wanted in OPEN_TO[who]:
        return "welcome"
    return "not you" if Who.VIEWER in OPEN_TO[who] else "log in first"


def test_every_page_has_a_row_and_every_row_a_page():
    known = set(pages()) - CATCH_ALL
    assert sorted(known - TABLE.keys()) == [], "These pages have no row."
    assert sorted(TABLE.keys() - known) == [], "These rows have no page."


@pytest.mark.on_either
@pytest.mark.parametrize(
    ("name", "method"), [(name, method) for name, row in TABLE.items() for method in row.wants]
)
def test_each_gets_what_the_table_says(
    name: str, method: str, boss: User, alice: User, vera: User, bob: User, charlie: User
):
    wanted = TABLE[name].wants[method]
    for user in (boss, alice, vera, bob, charlie, None):
        who = user.username if user else "a stranger"
        said, answer = asked(user, name, method)
        assert said == expected(wanted, who), f"{method} {name} by {who}: {answer}"


@pytest.mark.on_either
@pytest.mark.parametrize(
    "name", [name for name in TABLE if not name.startswith(PREFIXES_OF_PACKAGES)]
)
def test_other_methods_are_refused(name: str, boss: User):
    row = TABLE[name]
    client = client_of(boss)
    path = reverse(name, args=row.arguments(boss))
    for method in METHODS:
        if method not in row.wants:
            # The API checks permissions first, and no role has one for what does not exist.
            status = client.generic(method, path + row.query).status_code
            assert status == 405 or (status == 403 and path.startswith("/api/")), method
