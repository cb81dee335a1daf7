"""Login is required by default."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from .lost_sessions import is_page, lead_through_log_in


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Like Django's, but looks at the view before the user, and does not redirect scripts.

    /api/health has to answer browsers with a session even while the database is down. Scripts get a
    401; forms that were sent lead through the login back to their page.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *args: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        to_log_in = super().process_view(request, view_func, *args)
        if to_log_in is not None and not is_page(request):
            return HttpResponse("Log in first.", status=401, content_type="text/plain")
        if to_log_in is not None and request.method == "POST":
            return lead_through_log_in(request)
        return to_log_in
