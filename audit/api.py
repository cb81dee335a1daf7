"""/api/audit-logs: the trail, to be read."""

from rest_framework import mixins, serializers

from .filters import AuditLogFilters
from .models import AuditLog
from .pages import KeysFirst
from .rest import RecordViewSet


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
    """Who did what to which object, newest first. Nobody writes here but the application."""

    queryset = AuditLog.objects.all()
    serializer_class = AuditLogSerializer
    filterset_class = AuditLogFilters
    pagination_class = KeysFirst
    walked_by_time = "timestamp", {"from", "to"}
