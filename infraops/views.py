"""The home page, and what is shown when something is not allowed, not there or broken."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.signals import access_denied

from .figures import FRESH, OLD
from .home import first_steps, home_of
from .search import search


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
    """What the home page fetches while it is open."""
    return render(request, "infraops/_home_live.html", home_of(request, FRESH))


@require_safe
def app_index(request: HttpRequest, app_label: str) -> HttpResponse:
    """In place of the admin's page of one app, which lists names of tables."""
    return redirect("home")


@require_safe
def command_search(request: HttpRequest) -> HttpResponse:
    """What the command search shows while one types."""
    text = request.GET.get("s", "").strip()
    found = search(request, text) if text else []
    return render(request, "infraops/_command_results.html", {"results": found})


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, and a line in the audit trail: who tried what."""
    access_denied.send(sender=None, request=request)
    return _shell(request, "403.html", 403, title="Not allowed", reason=str(exception))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: it was open too long, or came from elsewhere."""
    return _shell(request, "403_csrf.html", 403, title="Form expired")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shell(request, "404.html", 404, title="Not found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Nothing here may need the database or a session: they may be what broke."""
    if request.path.startswith(reverse("api:root")):
        said = "Something is broken here: the server's log says what."
        return JsonResponse({"detail": said, "fields": {}}, status=500)
    return HttpResponseServerError(render_to_string("500.html"))


def _shell(request: HttpRequest, template: str, status: int, **more: Any) -> HttpResponse:
    """In the shell for those signed in; without a sidebar for everybody else."""
    signed_in = admin.site.has_permission(request)
    layout = "admin/base_site.html" if signed_in else "unfold/layouts/unauthenticated.html"
    context = {**admin.site.each_context(request), "layout": layout, **more}
    return render(request, template, context, status=status)
