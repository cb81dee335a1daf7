"""What the audit trail adds to the console."""

from console.collected import Endpoint, RolePermissions, list_entry

from .api import AuditLogViewSet

MENU = [
    list_entry("Administration", 410, "audit.auditlog", "Audit trail", "policy", "g a"),
]

API = [
    Endpoint(
        prefix="audit-logs", viewset=AuditLogViewSet, root={"audit-logs": "auditlog-list"}, order=90
    ),
]

ROLES = [RolePermissions(app="audit", auditor=("audit.view_auditlog",))]

PARTS = [*MENU, *API, *ROLES]
