"""Browsers in which a user has logged in before: their attempts are counted by themselves.

Whoever guesses at a name makes it wait at their address; behind a proxy that is everybody's. The
name's owner, in a browser that has a cookie from an earlier login, does not wait with them. (OWASP
calls it a device cookie.) Attempts with a stolen cookie are limited just the same, and a new
password makes all cookies of before worthless: somebody who knew the old one may have many.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.crypto import salted_hmac

from .models import User

COOKIE = "known_browser"
SALT = "accounts.known_browsers"
KEPT_SECONDS = 365 * 24 * 3600


def source_of(request: HttpRequest | None, username: str) -> str:
    """What to count attempts at this name by, instead of the address; "" in other browsers."""
    cookie = request.COOKIES.get(COOKIE, "") if request else ""
    try:
        key, number, of_password = signing.loads(cookie, salt=SALT, max_age=KEPT_SECONDS)
        user = User.objects.filter(pk=key, is_active=True).first()
    except (signing.BadSignature, TypeError, ValueError):
        return ""
    if user is None or user.username != username.strip().lower():
        return ""
    return f"known browser {number}" if of_password == _mark_of_password(user) else ""


def remember_browser(response: HttpResponse, user: User) -> None:
    """Give the browser its cookie, which it sends to the login page only."""
    response.set_cookie(
        COOKIE,
        signing.dumps([user.pk, secrets.token_hex(8), _mark_of_password(user)], salt=SALT),
        max_age=KEPT_SECONDS,
        path=resolve_url(settings.LOGIN_URL),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _mark_of_password(user: User) -> str:
    """Another one for each password, of which it tells nothing."""
    return salted_hmac(SALT, user.password, algorithm="sha256").hexdigest()[:32]
