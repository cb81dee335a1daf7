"""/api/servers. Automation adds more in automation/api/servers.py."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.signed_in import signed_in
from console.api.keys import key_of
from console.api.serializers import NoFields, StrictSerializer
from console.api.viewsets import EditableViewSet
from inventory.filters import ServerFilters
from inventory.models import Credential, Server, ServerFacts
from schema.exceptions import Refused

from .variables import VariablesSerializer


class ServerSerializer(VariablesSerializer):
    inventory = serializers.CharField(
        source="inventory.name", read_only=True, help_text="Name of its inventory."
    )
    source_id = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="The inventory source that it belongs to.",
    )
    credential_id = key_of(
        Credential, "credential", "Credential that Ansible logs in with.", allow_null=True
    )

    class Meta:
        model = Server
        fields = [
            "id",
            "hostname",
            "inventory",
            "inventory_name",
            "source_id",
            "missing_since",
            "ip_address",
            "os_type",
            "os_version",
            "ssh_port",
            "ssh_user",
            "ssh_key_path",
            "credential_id",
            "tags",
            "environment",
            "description",
            "variables",
            "secret_variables",
            "host_key",
            "is_active",
            "created_at",
            "updated_at",
        ]
        read_only_fields = [
            *("id", "inventory_name", "source_id", "missing_since", "created_at", "updated_at"),
        ]
        extra_kwargs: ClassVar = {
            "inventory_name": {"help_text": "What Ansible calls it."},
            "missing_since": {"help_text": "When its source no longer had it: it is inactive."},
        }


class ServerFactsSerializer(serializers.ModelSerializer):
    class Meta:
        model = ServerFacts
        fields = ["server_id", "gathered_at", "facts"]
        read_only_fields = fields


class FetchedKeySerializer(serializers.Serializer):
    host_key = serializers.CharField(help_text="Public key: “ssh-ed25519 AAAA…”")
    fingerprint = serializers.CharField(help_text="Fingerprint: “ssh-ed25519 SHA256:…”")
    is_pinned = serializers.BooleanField()


class PinSerializer(StrictSerializer):
    host_key = serializers.CharField(help_text="A fetched key: “ssh-ed25519 AAAA…”.")


class ServerViewSet(EditableViewSet):
    """The machines that playbooks run on. Secrets in `variables` are shown as ********."""

    queryset = Server.objects.select_related("inventory").order_by("hostname")
    serializer_class = ServerSerializer
    filterset_class = ServerFilters
    permissions = {
        "facts": "inventory.view_serverfacts",
        "forget_host_key": "inventory.change_server",
        "fetch_host_key": "inventory.change_server",
        "pin_host_key": "inventory.change_server",
    }
    takes = {
        "forget_host_key": NoFields,
        "fetch_host_key": NoFields,
        "pin_host_key": PinSerializer,
    }

    @extend_schema(responses=ServerFactsSerializer)
    @action(detail=True)
    def facts(self, request: Request, **kwargs: Any) -> Response:
        """Show the facts from the last run that gathered them on this server, without secrets."""
        server = self.get_object()
        facts = ServerFacts.objects.filter(server=server).first()
        if facts is None:
            raise NotFound(f"No run has gathered facts on {server} yet.")
        return Response(ServerFactsSerializer(facts).data)

    @extend_schema(responses=FetchedKeySerializer(many=True))
    @action(
        detail=True,
        methods=["post"],
        url_path="fetch-host-key",
        pagination_class=None,
        filterset_class=None,
    )
    def fetch_host_key(self, request: Request, **kwargs: Any) -> Response:
        """Fetch the host keys that the server presents now, for a person to compare.

        Nothing is pinned.
        """
        self.given()
        keys = self.get_object().fetch_host_keys(signed_in(request))
        return Response(FetchedKeySerializer(keys, many=True).data)

    @extend_schema(responses=ServerSerializer)
    @action(detail=True, methods=["post"], url_path="pin-host-key")
    def pin_host_key(self, request: Request, **kwargs: Any) -> Response:
        """Pin this host key: no other one is accepted from now on."""
        key, server = self.given()["host_key"], self.get_object()
        try:
            server.pin_host_key(signed_in(request), key)
        except DjangoValidationError as error:
            raise serializers.ValidationError({"host_key": error.messages}) from None
        return self.shown(server)

    @extend_schema(responses=ServerSerializer)
    @action(detail=True, methods=["post"], url_path="forget-host-key")
    def forget_host_key(self, request: Request, **kwargs: Any) -> Response:
        """Forget the host key after a reinstallation: the next run pins the new one."""
        self.given()
        server = self.get_object()
        if not server.forget_host_key(signed_in(request)):
            raise Refused(f"No host key of {server} is pinned.")
        return self.shown(server)
