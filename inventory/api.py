"""/api/inventories, /api/servers, /api/credentials. More actions: automation/api/servers.py."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.signed_in import signed_in
from audit.redaction import redacted
from console.api.serializers import NoFields, StrictModelSerializer, StrictSerializer, secret
from console.api.viewsets import EditableViewSet
from schema.exceptions import Refused

from .filters import CredentialFilters, InventoryFilters, ServerFilters
from .host_variables import variables_to_store
from .models import Credential, Inventory, Server, ServerFacts


class CredentialSerializer(StrictModelSerializer):
    """Secrets are write-only: omit one to keep it, send "" (or {}) to clear it."""

    ssh_private_key = secret("OpenSSH or PEM.")
    ssh_key_passphrase = secret()
    ssh_password = secret()
    become_password = secret()
    environment = serializers.DictField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False),
        write_only=True,
        required=False,
        help_text='All variables: {"NAME": "value"}. Write-only.',
    )
    environments = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Environments in which it may be used on every server.",
    )
    server_ids = serializers.PrimaryKeyRelatedField(
        source="allowed_servers",
        queryset=Server.objects.all(),
        many=True,
        pk_field=serializers.IntegerField(),
        required=False,
        error_messages={"does_not_exist": "There is no server {pk_value}."},
        help_text="Further servers on which it may be used. With neither, it cannot be used.",
    )
    roles = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Roles that may use it besides admins: operator.",
    )
    secrets_set = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Names of the secrets that are set.",
    )

    class Meta:
        model = Credential
        fields = [
            "id",
            "name",
            "description",
            "ssh_user",
            "ssh_private_key",
            "ssh_key_passphrase",
            "ssh_password",
            "become_method",
            "become_user",
            "become_password",
            "environment",
            "environments",
            "server_ids",
            "roles",
            "secrets_set",
            "is_active",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leave out allowed_servers, which needs a saved credential."""
        super().validate({name: attrs[name] for name in attrs if name != "allowed_servers"})
        return attrs

    @transaction.atomic
    def save(self, **kwargs: Any) -> Credential:
        credential = super().save(**kwargs)
        if "allowed_servers" in self.validated_data:
            credential.allowed_servers.set(self.validated_data["allowed_servers"])
        return credential


class CredentialViewSet(EditableViewSet):
    """How Ansible logs in. Servers name a credential, or a launch does."""

    queryset = Credential.objects.prefetch_related("allowed_servers").order_by("name")
    serializer_class = CredentialSerializer
    filterset_class = CredentialFilters


class InventorySerializer(StrictModelSerializer):
    is_default = serializers.SerializerMethodField(
        help_text="True for the inventory of servers whose host name names none."
    )

    class Meta:
        model = Inventory
        fields = [
            "id",
            "name",
            "description",
            "is_default",
            "separates_environments",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]

    def get_is_default(self, inventory: Inventory) -> bool:
        return bool(inventory.is_default)


class InventoryViewSet(EditableViewSet):
    """Servers that belong together: a run is on one inventory."""

    queryset = Inventory.objects.order_by("name")
    serializer_class = InventorySerializer
    filterset_class = InventoryFilters


class ServerSerializer(StrictModelSerializer):
    inventory = serializers.CharField(
        source="inventory.name", read_only=True, help_text="Name of its inventory."
    )
    credential_id = serializers.PrimaryKeyRelatedField(
        source="credential",
        queryset=Credential.objects.all(),
        pk_field=serializers.IntegerField(),
        required=False,
        allow_null=True,
        error_messages={"does_not_exist": "There is no credential {pk_value}."},
        help_text="Credential that Ansible logs in with.",
    )
    secret_variables = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Names of the variables that are encrypted and shown as ********. Send it to "
        "mark more; names that sound secret are always encrypted. Omit it to keep the marks.",
    )

    class Meta:
        model = Server
        fields = [
            "id",
            "hostname",
            "inventory",
            "inventory_name",
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
        read_only_fields = ["id", "inventory_name", "created_at", "updated_at"]
        extra_kwargs: ClassVar = {"inventory_name": {"help_text": "What Ansible calls it."}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A mask keeps the stored secret. Marks without variables are for the stored ones."""
        marked = attrs.pop("secret_variables", None)
        stored = self.instance.variables if self.instance else {}
        if marked is not None and "variables" not in attrs:
            attrs["variables"] = redacted(stored)
        if "variables" in attrs:
            try:
                attrs["variables"] = variables_to_store(attrs["variables"], stored, marked)
            except DjangoValidationError as error:
                raise serializers.ValidationError({"variables": error.messages}) from None
        return super().validate(attrs)

    def to_representation(self, instance: Server) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "variables": redacted(shown["variables"])}


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
