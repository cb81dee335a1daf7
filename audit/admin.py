"""The audit trail's pages: read-only, for auditors and admins."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html

from console.lists import (
    Day,
    ExactFilter,
    HistoryAdmin,
    Narrow,
    PrefixFilter,
    RelatedFilter,
    TimeRangeFilter,
)
from console.times import exact_moment

from .models import AuditLog
from .seals.state import seal_state
from .stories.entries import Entry

# django-auditlog registers its own admin for the model that replaces its table.
admin.site.unregister(AuditLog)


@admin.register(AuditLog)
class AuditLogAdmin(HistoryAdmin):
    list_display = ["when", "who", "action", "resource_type", "subject", "address"]
    list_display_links = ["when"]
    list_filter = [
        ("action", PrefixFilter),
        ("resource_type", ExactFilter),
        ("resource_id", ExactFilter),
        ("user", RelatedFilter),
        ("timestamp", TimeRangeFilter),
    ]
    cell_filters = {
        "when": Day("timestamp"),
        "who": Narrow("user__id__exact", "user_id", "user__isnull"),
        "action": Narrow("action__exact", "action"),
        "resource_type": Narrow("resource_type__exact", "resource_type"),
        "address": Narrow("ip_address__exact", "ip_address"),
    }
    exported = {
        "id": "pk",
        "timestamp": "timestamp",
        "user": "actor_name",
        "action": "action",
        "resource_type": "resource_type",
        "resource_id": "resource_id",
        "object": "object_name",
        "ip_address": "ip_address",
        "user_agent": "user_agent",
        "details": "details",
    }
    list_title = "Audit trail"
    when_empty = "Every change, launch and login is recorded here."
    search_fields = ["^action", "=resource_id"]
    search_help_text = "Action (“job.”) or object id"
    list_before_template = "audit/_list_tools.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with a line about its seals."""
        return super().changelist_view(request, {**(extra_context or {}), "seals": seal_state()})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one line. Leave any other method to Django, which refuses it."""
        if request.method not in ("GET", "HEAD"):
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        line = self.get_object(request, object_id)
        if line is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        about = line.siblings()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": line,
            "model_admin": self,
            "title": str(line),
            "entry": Entry(line),
            "older": about.older_than(line).values_list("pk", flat=True).first(),
            "newer": about.newer_than(line).values_list("pk", flat=True).first(),
        }
        return TemplateResponse(request, "audit/auditlog_detail.html", context)

    @admin.display(description="time", ordering="id")
    def when(self, line: AuditLog) -> str:
        """The exact time: an audit trail is read for the order of events."""
        return exact_moment(line.timestamp)

    @admin.display(description="user")
    def who(self, line: AuditLog) -> str:
        return Entry(line).who

    @admin.display(description="object")
    def subject(self, line: AuditLog) -> str:
        """The object's name at the time, linked to all lines about the object."""
        if not Entry(line).story:
            return line.object_name or "-"
        return format_html(
            '<a class="io-link" title="Full history" href="{}">{}</a>',
            Entry(line).story,
            line.object_name or line.resource_id,
        )

    @admin.display(description="IP address")
    def address(self, line: AuditLog) -> str:
        return line.ip_address or "-"
