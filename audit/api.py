"""/api/audit-logs and /api/audit-seals: the audit trail and its seals, read-only."""

from rest_framework import mixins, serializers

from console.api.pagination import KeysFirst, NewestFirst
from console.api.viewsets import RecordViewSet

from .filters import AuditLogFilters
from .models import AuditLog, Seal


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


class SealSerializer(serializers.ModelSerializer):
    class Meta:
        model = Seal
        fields = [
            "id",
            "from_id",
            "to_id",
            "lines",
            "previous",
            "sha256",
            "signature",
            "sealed_at",
        ]
        read_only_fields = fields


class SealViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Seals over ranges of audit lines, newest first; each covers the one before it. Read-only."""

    queryset = Seal.objects.light()
    serializer_class = SealSerializer
    pagination_class = NewestFirst
    walked_by_time: tuple[str, set[str]] = "sealed_at", set()
