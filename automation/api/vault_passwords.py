"""/api/vault-passwords: decrypt vaulted files and values of playbooks and inventories.

Written, never read.
"""

from typing import Any

import django_filters.rest_framework as filters
from rest_framework import serializers

from automation.models import Playbook, VaultPassword
from console.api.filters import IdFilter
from console.api.keys import key_of
from console.api.serializers import StrictModelSerializer, secret
from console.api.viewsets import EditableViewSet
from inventory.models import Inventory

from .launch_request import NO_PLAYBOOK


class VaultPasswordSerializer(StrictModelSerializer):
    playbook_id = serializers.PrimaryKeyRelatedField(
        source="playbook",
        queryset=Playbook.objects.all(),
        pk_field=serializers.IntegerField(),
        required=False,
        allow_null=True,
        error_messages=NO_PLAYBOOK,
        help_text="The playbook whose runs have it. Give this or `inventory_id`.",
    )
    inventory_id = key_of(
        Inventory, "inventory", "The inventory whose runs have it.", allow_null=True
    )
    password = secret()

    class Meta:
        model = VaultPassword
        fields = [
            *("id", "playbook_id", "inventory_id", "vault_id", "password"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = ["id", "created_at", "updated_at"]
        # The model reports duplicates itself, and says what to do.
        validators: list[Any] = []

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if self.instance is not None:
            for owner in ("playbook_id", "inventory_id"):
                fields[owner].read_only = True
        return fields


class VaultPasswordFilters(filters.FilterSet):
    playbook_id = IdFilter()
    inventory_id = IdFilter()

    class Meta:
        model = VaultPassword
        fields: list[str] = []


class VaultPasswordViewSet(EditableViewSet):
    """One for each vault id that a playbook or an inventory needs."""

    queryset = VaultPassword.objects.order_by("playbook_id", "inventory_id", "vault_id")
    serializer_class = VaultPasswordSerializer
    filterset_class = VaultPasswordFilters
