"""The home page, and the error pages."""

import sys
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseServerError,
    JsonResponse,
)
from django.shortcuts import redirect, render, resolve_url
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from accounts.lost_sessions import is_page, lead_through_log_in, page_of_form
from console.signals import access_denied, csrf_failed
from schema.limits import LONGEST_SEARCH

from .figures import FRESH, OLD
from .home import first_steps, home_of
from .outages.answers import unavailable
from .outages.known import outage
from .search import search
from .setup_errors import explain_error

MALFORMED = ("Bad request", "The request could not be read.")
TOO_LARGE = {
    RequestDataTooBig: (
        "Too large",
        "Nothing was saved: the form holds more than "
        f"{filesizeformat(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)}.",
    ),
    TooManyFieldsSent: (
        "Too many fields",
        "Nothing was saved: the form has more than "
        f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields.",
    ),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    shown = home_of(request, OLD)
    context = {
        **admin.site.each_context(request),
        **shown,
        "title": "Home",
        "first_steps": first_steps() if shown["are_new"] else [],
    }
    return render(request, "infraops/home.html", context)


@require_safe
def home_live(request: HttpRequest) -> HttpResponse:
    """The part of the home page that is refreshed while it is open."""
    return render(request, "infraops/_home_live.html", home_of(request, FRESH))


@require_safe
def app_index(request: HttpRequest, app_label: str) -> HttpResponse:
    """Replaces the admin's index of an app, which lists names of tables."""
    return redirect("home")


@require_safe
def command_search(request: HttpRequest) -> HttpResponse:
    """The results of the command search, updated while typing."""
    text = request.GET.get("s", "").strip()[:LONGEST_SEARCH]
    found = search(request, text) if text else []
    return render(request, "infraops/_command_results.html", {"results": found})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a form that is too large, or a request that no browser sends."""
    title, reason = next(
        (said for kind, said in TOO_LARGE.items() if isinstance(exception, kind)), MALFORMED
    )
    if request.path.startswith(reverse("api:root")):
        return JsonResponse({"detail": reason, "fields": {}}, status=400)
    if isinstance(exception, DisallowedHost):
        return HttpResponseBadRequest(reason, content_type="text/plain")
    return _shell(request, "400.html", 400, title=title, reason=reason, page=page_of_form(request))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, recorded in the audit trail."""
    access_denied.send(sender=None, request=request)
    return _shell(request, "403.html", 403, title="Not allowed", reason=str(exception))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid CSRF token; nothing was done, and the attempt is recorded.

    Its session has ended, somebody has logged in again since, or it came from another site.
    """
    csrf_failed.send(sender=None, request=request, reason=reason)
    page = page_of_form(request)
    log_in = resolve_url(settings.LOGIN_URL)
    if page and request.path == log_in:
        return redirect(_behind_log_in(page) if request.user.is_authenticated else page)
    if page and is_page(request) and not request.user.is_authenticated:
        return lead_through_log_in(request)
    return _shell(request, "403_csrf.html", 403, title="Form expired", page=page)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    """405 for a person: the path has no page of its own, but perhaps one above it."""
    return _shell(
        request,
        "infraops/method_not_allowed.html",
        405,
        title="Nothing to show",
        page=_page_above(request.path),
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shell(request, "404.html", 404, title="Not found")


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 if the database is what failed. Uses neither database nor session."""
    error = sys.exception()
    if sentence := outage.note_error(error) or explain_error(error):
        return unavailable(request, sentence)
    if request.path.startswith(reverse("api:root")):
        said = "Something went wrong. The console's log has the details."
        return JsonResponse({"detail": said, "fields": {}}, status=500)
    return HttpResponseServerError(render_to_string("500.html"))


def _behind_log_in(page: str) -> str:
    """Where the login on this page leads; home if it does not say, or would lead elsewhere."""
    (wanted,) = parse_qs(urlsplit(page).query).get(REDIRECT_FIELD_NAME, [""])[-1:]
    is_ours = bool(wanted) and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def _page_above(path: str) -> str:
    """The nearest path above this one that exists: "/jobs/1/" for "/jobs/1/cancel/"."""
    for above in PurePosixPath(path).parents:
        with suppress(Resolver404):
            found = f"{above}/".replace("//", "/")
            resolve(found)
            return found
    return reverse("home")


def _shell(request: HttpRequest, template: str, status: int, **more: Any) -> HttpResponse:
    """Render in the console's layout for authenticated users, otherwise without a sidebar."""
    signed_in = admin.site.has_permission(request)
    layout = "admin/base_site.html" if signed_in else "unfold/layouts/unauthenticated.html"
    context = {**admin.site.each_context(request), "layout": layout, **more}
    return render(request, template, context, status=status)
