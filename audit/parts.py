"""What the audit trail adds to the console."""

from console.collected import Endpoint, MenuEntry, RolePermissions

from .api import AuditLogViewSet

MENU = [
    MenuEntry(
        words="Audit trail",
        icon="policy",
        url_name="admin:audit_auditlog_changelist",
        permission="audit.view_auditlog",
        group="Administration",
        keys="g a",
        order=410,
    ),
]

API = [
    Endpoint(
        prefix="audit-logs", viewset=AuditLogViewSet, root={"audit-logs": "auditlog-list"}, order=90
    ),
]

ROLES = [RolePermissions(app="audit", admin=("audit.view_auditlog",))]

PARTS = [*MENU, *API, *ROLES]
