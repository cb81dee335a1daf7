"""/api/smart-groups."""

from typing import Any, ClassVar

from rest_framework import serializers

from console.api.keys import key_of
from console.api.serializers import StrictModelSerializer
from console.api.viewsets import EditableViewSet
from inventory.filters import SmartGroupFilters
from inventory.models import FILTERED_BY, Inventory, SmartGroup
from inventory.models.fact_texts import FACT_EXAMPLES


class SmartGroupSerializer(StrictModelSerializer):
    inventory_id = key_of(
        Inventory, "inventory", "Its inventory, for good; by default the default one."
    )
    filter = serializers.DictField(
        help_text=f"Criteria that a server has to match, all of them: {', '.join(FILTERED_BY)}. "
        f"Each is a text, `facts` a list of conditions: {FACT_EXAMPLES}."
    )

    class Meta:
        model = SmartGroup
        fields: ClassVar = [
            "id",
            "inventory_id",
            "name",
            "description",
            "filter",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar = ["id", "created_at", "updated_at"]
        # The model reports duplicates itself.
        validators: ClassVar[list[Any]] = []


class OneSmartGroupSerializer(SmartGroupSerializer):
    server_count = serializers.IntegerField(
        read_only=True, help_text="How many active servers match now."
    )

    class Meta(SmartGroupSerializer.Meta):
        fields: ClassVar = [*SmartGroupSerializer.Meta.fields, "server_count"]


class SmartGroupViewSet(EditableViewSet):
    """Servers that match a filter, to choose at launches and in lists; Ansible never sees them."""

    queryset = SmartGroup.objects.select_related("inventory").order_by("inventory_id", "name")
    serializer_class = SmartGroupSerializer
    filterset_class = SmartGroupFilters

    def get_serializer_class(self) -> Any:
        # Each count is a query of its own.
        return SmartGroupSerializer if self.action == "list" else OneSmartGroupSerializer
