"""Login is required by default."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Like Django's, but looks at the view before the user.

    /api/health has to answer browsers with a session even while the database is down.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *args: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, *args)
