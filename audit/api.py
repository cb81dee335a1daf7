"""/api/audit-logs: the audit trail, read-only."""

from rest_framework import mixins, serializers

from console.api.pagination import KeysFirst
from console.api.viewsets import RecordViewSet

from .filters import AuditLogFilters
from .models import AuditLog


class AuditLogSerializer(serializers.ModelSerializer):
    actor = serializers.CharField(source="actor_name")

    class Meta:
        model = AuditLog
        fields = [
            "id",
            "timestamp",
            "action",
            "resource_type",
            "resource_id",
            "actor",
            "user_id",
            "details",
            "ip_address",
            "user_agent",
        ]
        read_only_fields = fields


class AuditLogViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Who did what to which object, newest first. Read-only: only the application writes lines."""

    queryset = AuditLog.objects.all()
    serializer_class = AuditLogSerializer
    filterset_class = AuditLogFilters
    pagination_class = KeysFirst
    walked_by_time = "timestamp", {"from", "to"}
