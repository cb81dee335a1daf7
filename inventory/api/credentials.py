"""/api/credentials: secrets are written, never read."""

from typing import Any

from django.db import transaction
from rest_framework import serializers

from console.api.keys import keys_of
from console.api.serializers import StrictModelSerializer, secret
from console.api.viewsets import EditableViewSet
from inventory.filters import CredentialFilters
from inventory.models import Credential, Inventory, Server, ServerGroup

ALLOWED = {"allowed_servers", "allowed_groups", "allowed_inventories"}


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
    server_ids = keys_of(
        Server, "Further servers on which it may be used.", source="allowed_servers"
    )
    group_ids = keys_of(
        ServerGroup,
        "Groups on whose servers it may be used, at any depth.",
        source="allowed_groups",
    )
    inventory_ids = keys_of(
        Inventory, "Inventories on whose servers it may be used.", source="allowed_inventories"
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
            "group_ids",
            "inventory_ids",
            "roles",
            "secrets_set",
            "is_active",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leave out what needs a saved credential."""
        super().validate({name: attrs[name] for name in attrs if name not in ALLOWED})
        return attrs

    @transaction.atomic
    def save(self, **kwargs: Any) -> Credential:
        credential = super().save(**kwargs)
        for name in self.validated_data.keys() & ALLOWED:
            getattr(credential, name).set(self.validated_data[name])
        return credential


class CredentialViewSet(EditableViewSet):
    """How Ansible logs in. Servers name a credential, or a launch does."""

    queryset = Credential.objects.prefetch_related(*ALLOWED).order_by("name")
    serializer_class = CredentialSerializer
    filterset_class = CredentialFilters
