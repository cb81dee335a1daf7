"""/api/servers. Their connection check is automation's: see automation/api.py."""

from typing import Any

from rest_framework import mixins, serializers

from audit.redaction import has_mask, redacted, unmasked
from audit.rest import RecordViewSet, StrictModelSerializer

from .filters import ServerFilters
from .models import Server


class ServerSerializer(StrictModelSerializer):
    class Meta:
        model = Server
        fields = [
            "id",
            "hostname",
            "ip_address",
            "os_type",
            "os_version",
            "ssh_port",
            "ssh_user",
            "ssh_key_path",
            "tags",
            "environment",
            "description",
            "variables",
            "host_key",
            "is_active",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]

    def validate_variables(self, variables: Any) -> Any:
        """A secret that comes back as its mask stays what it is."""
        variables = unmasked(variables, self.instance.variables if self.instance else {})
        if has_mask(variables):
            raise serializers.ValidationError(
                "A mask (********) stands for a secret that is stored, and here is none: "
                "send the secret itself."
            )
        return variables

    def to_representation(self, instance: Server) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "variables": redacted(shown["variables"])}


class ServerViewSet(
    RecordViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """The machines that playbooks run on. Secrets among `variables` are shown as ********."""

    queryset = Server.objects.order_by("hostname")
    serializer_class = ServerSerializer
    filterset_class = ServerFilters
