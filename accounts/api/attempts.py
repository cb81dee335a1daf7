"""/api/failed-attempts: who has to wait after failed attempts, and a way to end the wait."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import FailedAttemptsFilters
from accounts.models import FailedAttempts
from accounts.signed_in import signed_in
from console.api.serializers import NoFields
from console.api.viewsets import RecordViewSet
from schema.exceptions import Refused


class FailedAttemptsSerializer(serializers.ModelSerializer):
    class Meta:
        model = FailedAttempts
        fields = [
            "id",
            "kind",
            "name",
            "address",
            "count",
            "started_at",
            "last_at",
            "blocked_until",
        ]
        read_only_fields = fields


class FailedAttemptsViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Wrong passwords and API keys in a row, by name and address; kept for an hour."""

    queryset = FailedAttempts.objects.order_by("-last_at", "-id")
    serializer_class = FailedAttemptsSerializer
    filterset_class = FailedAttemptsFilters
    permissions = {"unblock": "accounts.clear_failedattempts"}
    takes = {"unblock": NoFields}

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["post"])
    def unblock(self, request: Request, **kwargs: Any) -> Response:
        """End the wait: this name has all its attempts again from this address."""
        self.given()
        if not self.get_object().unblock(signed_in(request)):
            raise Refused("This wait is already over.")
        return Response(status=204)
