"""Browsers in which a user has logged in before: their attempts are counted by themselves.

Whoever guesses at a name makes it wait at their address; behind a proxy that is everybody's. The
name's owner, in a browser that has a cookie from an earlier login, does not wait with them. (OWASP
calls it a device cookie.) Attempts with a stolen cookie are limited just the same.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from .models import User

COOKIE = "known_browser"
SALT = "accounts.known_browsers"
KEPT_SECONDS = 365 * 24 * 3600


def source_of(request: HttpRequest | None, username: str) -> str:
    """What to count attempts at this name by, instead of the address; "" in other browsers."""
    cookie = request.COOKIES.get(COOKIE, "") if request else ""
    try:
        name, number = signing.loads(cookie, salt=SALT, max_age=KEPT_SECONDS)
    except (signing.BadSignature, TypeError, ValueError):
        return ""
    return f"known browser {number}" if name == username.strip().lower() else ""


def remember_browser(response: HttpResponse, user: User) -> None:
    """Give the browser its cookie, which it sends to the login page only."""
    response.set_cookie(
        COOKIE,
        signing.dumps([user.username, secrets.token_hex(8)], salt=SALT),
        max_age=KEPT_SECONDS,
        path=resolve_url(settings.LOGIN_URL),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
