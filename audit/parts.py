"""What the audit trail adds to the console."""

from console.collected import Endpoint, HealthCheck, RolePermissions, list_entry

from .api import AuditLogViewSet, SealViewSet
from .seals.state import examine_seals

MENU = [
    list_entry("Administration", 410, "audit.auditlog", "Audit trail", "policy", "g a"),
]

API = [
    Endpoint(
        prefix="audit-logs", viewset=AuditLogViewSet, root={"audit-logs": "auditlog-list"}, order=90
    ),
    Endpoint(
        prefix="audit-seals", viewset=SealViewSet, root={"audit-seals": "seal-list"}, order=91
    ),
]

ROLES = [RolePermissions(app="audit", auditor=("audit.view_auditlog", "audit.view_seal"))]

HEALTH = [HealthCheck(name="audit", examine=examine_seals, order=30)]

PARTS = [*MENU, *API, *ROLES, *HEALTH]
