"""Middleware that changes responses."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils.cache import patch_cache_control

from accounts.lost_sessions import is_page

from .views import method_not_allowed


class NoStoreMiddleware:
    """Keeps pages and API answers out of caches: of proxies, and of browsers on shared computers.

    Static files do not come this way, and are cached forever.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        patch_cache_control(answer, no_store=True)
        return answer


class MethodNotAllowedMiddleware:
    """Replaces a bare 405 with a page.

    Whoever opens an address that only takes forms, perhaps through the login, gets a way back.
    Scripts and API clients get the plain response.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if not isinstance(answer, HttpResponseNotAllowed) or not is_page(request):
            return answer
        if request.path.startswith(reverse("api:root")):
            return answer
        page = method_not_allowed(request)
        page.headers["Allow"] = answer.headers["Allow"]
        return page
