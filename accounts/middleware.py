"""Login is required by default; using the console keeps a session alive."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from .known_browsers import remember_browser
from .lost_sessions import is_page, lead_through_log_in
from .models import LAST_SEEN
from .signed_in import signed_in

READING = ("GET", "HEAD", "OPTIONS")
# What somebody may still do whose password was set by an admin.
OPEN_BEFORE_CHANGE = {"accounts:own_password", "admin:logout", "admin:password_change"}


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Like Django's, but looks at the view before the user, and does not redirect scripts.

    /api/health has to answer browsers with a session even while the database is down. Scripts get a
    401; forms that were sent lead through the login back to their page. Users whose password was
    set by an admin have to choose their own before anything else; the API says so itself
    (RolePermission).
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *args: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        to_log_in = super().process_view(request, view_func, *args)
        if to_log_in is None:
            return self._to_own_password(request)
        if not is_page(request):
            return HttpResponse("Log in first.", status=401, content_type="text/plain")
        if request.method == "POST":
            return lead_through_log_in(request)
        return to_log_in

    @staticmethod
    def _to_own_password(request: HttpRequest) -> HttpResponse | None:
        if not signed_in(request).must_change_password:
            return None
        match = request.resolver_match
        if match is not None and match.view_name in OPEN_BEFORE_CHANGE:
            return None
        if is_page(request):
            return redirect("admin:password_change")
        return HttpResponse("Change your password first.", status=403, content_type="text/plain")


class SessionActivityMiddleware:
    """Notes that a session was used by a person, which keeps it from ending as idle.

    What a page fetches by itself, such as its live parts, does not count, unless live.js says that
    somebody has used the mouse or the keyboard since.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Only if the view has looked up the user: /api/health does not while the database is down.
        user = getattr(request, "_cached_user", None)
        if user is not None and user.is_authenticated and is_by_person(request):
            LAST_SEEN.note(request.session.session_key)
        if logged_in := getattr(request, "logged_in", None):
            remember_browser(response, logged_in)
        return response


def is_by_person(request: HttpRequest) -> bool:
    is_used = "X-User-Active" in request.headers
    return is_used or is_page(request) or request.method not in READING
