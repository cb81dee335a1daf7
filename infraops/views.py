"""The home page, and the error pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.signals import access_denied

from .figures import FRESH, OLD
from .home import first_steps, home_of


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


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, recorded in the audit trail."""
    access_denied.send(sender=None, request=request)
    return _shell(request, "403.html", 403, title="Not allowed", reason=str(exception))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid CSRF token: open for too long, or from another site."""
    return _shell(request, "403_csrf.html", 403, title="Form expired")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shell(request, "404.html", 404, title="Not found")


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Uses neither database nor session, which may be what failed."""
    if request.path.startswith(reverse("api:root")):
        said = "Something is broken here: the server's log says what."
        return JsonResponse({"detail": said, "fields": {}}, status=500)
    return HttpResponseServerError(render_to_string("500.html"))


def _shell(request: HttpRequest, template: str, status: int, **more: Any) -> HttpResponse:
    """Render in the console's layout for authenticated users, otherwise without a sidebar."""
    signed_in = admin.site.has_permission(request)
    layout = "admin/base_site.html" if signed_in else "unfold/layouts/unauthenticated.html"
    context = {**admin.site.each_context(request), "layout": layout, **more}
    return render(request, template, context, status=status)
