"""/api/inventories and /api/groups."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from rest_framework import serializers

from console.api.keys import key_of, keys_of
from console.api.serializers import StrictModelSerializer
from console.api.viewsets import EditableViewSet
from inventory.filters import InventoryFilters, ServerGroupFilters
from inventory.models import Inventory, Server, ServerGroup

from .variables import VariablesSerializer


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


class ServerGroupSerializer(VariablesSerializer):
    inventory_id = key_of(
        Inventory, "inventory", "Its inventory, for good; by default the default one."
    )
    source_id = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="The inventory source that its variables come from.",
    )
    server_ids = keys_of(
        Server, "The servers in the group itself, in its order; new ones come last."
    )
    group_ids = keys_of(ServerGroup, "The groups in it, in its order; new ones come last.")

    class Meta:
        model = ServerGroup
        fields = [
            "id",
            "inventory_id",
            "source_id",
            "name",
            "description",
            "variables",
            "secret_variables",
            "priority",
            "server_ids",
            "group_ids",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]
        # The model reports duplicates itself.
        validators: list[Any] = []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leave out the members, which need a saved group."""
        members = {name: attrs.pop(name) for name in ("server_ids", "group_ids") if name in attrs}
        return super().validate(attrs) | members

    @transaction.atomic
    def save(self, **kwargs: Any) -> ServerGroup:
        servers = self.validated_data.pop("server_ids", None)
        children = self.validated_data.pop("group_ids", None)
        group = super().save(**kwargs)
        group._prefetched_objects_cache = {}
        try:
            group.set_members(servers, children)
        except DjangoValidationError as error:
            name = "group_ids" if servers is None else "server_ids"
            raise serializers.ValidationError({name: error.messages}) from None
        return group

    def to_representation(self, instance: ServerGroup) -> dict[str, Any]:
        members = sorted(instance.members.all(), key=lambda each: (each.position, each.pk))
        shown = super().to_representation(instance)
        shown["server_ids"] = [each.server_id for each in members if each.server_id]
        shown["group_ids"] = [each.child_id for each in members if each.child_id]
        return shown


class ServerGroupViewSet(EditableViewSet):
    """Groups of servers and of other groups, with variables, as Ansible has them."""

    queryset = ServerGroup.objects.prefetch_related("members").order_by("inventory_id", "name")
    serializer_class = ServerGroupSerializer
    filterset_class = ServerGroupFilters
