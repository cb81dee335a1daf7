"""The audit trail in the console: read by admins, changed by nobody."""

import json
from urllib.parse import urlencode

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from .console import (
    Day,
    ExactFilter,
    HistoryAdmin,
    Narrow,
    PrefixFilter,
    RelatedFilter,
    TimeRangeFilter,
)
from .models import AuditLog

# django-auditlog has registered its own pages for whatever stands in for its table.
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
    when_empty = "Each change, each verb and each log-in writes a line here."
    search_fields = ["^action", "=resource_id"]
    search_help_text = "The beginning of an action (“job.”), or the exact id of an object"
    readonly_fields = ["when", "who", "subject", "address", "changes", "more"]
    fieldsets = [
        (None, {"fields": ["when", "who", "action", "subject", "address", "user_agent"]}),
        ("Details", {"fields": ["changes", "more"]}),
    ]

    @admin.display(description="when", ordering="id")
    def when(self, line: AuditLog) -> str:
        return f"{timezone.localtime(line.timestamp):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="who")
    def who(self, line: AuditLog) -> str:
        return line.actor_name

    @admin.display(description="object")
    def subject(self, line: AuditLog) -> str:
        """The object's name as it was; it leads to the object's whole story."""
        if not line.resource_id:
            return line.object_name or "-"
        query = urlencode(
            {"resource_type__exact": line.resource_type, "resource_id__exact": line.resource_id}
        )
        return format_html(
            '<a class="io-link" title="All about it" href="{}?{}">{}</a>',
            reverse("admin:audit_auditlog_changelist"),
            query,
            line.object_name or line.resource_id,
        )

    @admin.display(description="from address")
    def address(self, line: AuditLog) -> str:
        return line.ip_address or "-"

    @admin.display(description="before and after")
    def changes(self, line: AuditLog) -> str:
        changes = line.details.get("changes")
        rows = changes.items() if isinstance(changes, dict) else ()
        pairs = [(name, *pair) for name, pair in rows if isinstance(pair, list) and len(pair) == 2]
        return render_to_string("audit/_changes.html", {"changes": pairs}) if pairs else "-"

    @admin.display(description="more")
    def more(self, line: AuditLog) -> str:
        known = ("actor", "object", "changes")
        rest = {name: value for name, value in line.details.items() if name not in known}
        text = json.dumps(rest, indent=2, ensure_ascii=False)
        return format_html('<pre class="io-code">{}</pre>', text) if rest else "-"
