"""The story of one object. The admin has the list and the page of one line."""

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from console.objects import row_key

from .models import AuditLog
from .stories.story import Story


@require_safe
@permission_required("audit.view_auditlog", raise_exception=True)
def story(request: HttpRequest, kind: str, identity: str) -> HttpResponse:
    """All lines about an object, in pages (`?before=7`, `?after=7`)."""
    told = Story(kind, identity)
    if not told.is_known:
        return _missing(request, f"The audit trail has no lines about {kind} {identity}.")
    try:
        page = told.page(before=_line(request, "before"), after=_line(request, "after"))
    except AuditLog.DoesNotExist:
        return _missing(request, "The audit trail has no line with this number.")
    context = {
        **admin.site.each_context(request),
        "opts": AuditLog._meta,
        "model_admin": admin.site.get_model_admin(AuditLog),
        "title": f"History of {told.kind_in_words} {told.name}",
        "story": told,
        "page": page,
    }
    return TemplateResponse(request, "audit/story.html", context)


def _line(request: HttpRequest, name: str) -> AuditLog | None:
    """The line named by a parameter, or None. Raises AuditLog.DoesNotExist."""
    given = request.GET.get(name)
    return AuditLog.objects.get(pk=row_key(given)) if given else None


def _missing(request: HttpRequest, reason: str) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "layout": "admin/base_site.html",
        "title": "Not found",
        "reason": reason,
    }
    return render(request, "404.html", context, status=404)
