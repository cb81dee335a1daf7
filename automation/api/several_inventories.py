"""The answer to a launch on servers of several inventories: a launch for each."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException

from automation.launching import InventoryPart, SeveralInventories
from console.api.openapi import ErrorSerializer


class InventoryPartSerializer(serializers.Serializer):
    """One of the launches that a choice of servers in several inventories needs."""

    inventory = serializers.CharField(source="inventory.name")
    server_count = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField(
        help_text="The fields that choose these servers, to send instead of yours."
    )

    def get_server_count(self, part: InventoryPart) -> int:
        return len(part.servers)

    @extend_schema_field(serializers.DictField())
    def get_body(self, part: InventoryPart) -> dict[str, Any]:
        return part.chosen_by or {"server_ids": part.keys}


class SpansInventoriesSerializer(ErrorSerializer):
    """A 400; includes `choices` if the servers are in several inventories."""

    choices = InventoryPartSerializer(
        many=True, required=False, help_text="A launch for each inventory: a run is on one."
    )


class SpansInventories(APIException):
    """400 with a launch for each inventory."""

    status_code = 400

    def __init__(self, error: SeveralInventories) -> None:
        super().__init__(str(error))
        self.more = {"choices": InventoryPartSerializer(error.parts, many=True).data}
