"""/api/inventory-sources and /api/overrides."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.signed_in import signed_in
from audit.redaction import redacted
from console.api.keys import key_of
from console.api.serializers import StrictModelSerializer, StrictSerializer
from console.api.viewsets import EditableViewSet
from inventory.ansible.reading import LARGEST_UPLOAD, upload_problem
from inventory.filters import InventorySourceFilters, VariableOverrideFilters
from inventory.importing import remove_override, set_override
from inventory.models import Inventory, InventorySource, Server, ServerGroup, VariableOverride
from schema.exceptions import Refused


class PlanValueSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="The variable, or which members.")
    file = serializers.CharField(help_text="Beside the inventory; empty: the inventory itself.")
    change = serializers.ChoiceField(["added", "changed", "removed"])
    before = serializers.CharField(allow_null=True, help_text="Secrets are ********.")
    after = serializers.CharField(allow_null=True)


class PlanRowSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(["server", "group", "inventory"])
    name = serializers.CharField(help_text="The server's host name, or the group's name.")
    change = serializers.ChoiceField(["added", "changed", "removed", "refused"])
    reason = serializers.CharField(required=False, help_text="Why it was refused.")
    values = PlanValueSerializer(many=True)


class PlanSerializer(serializers.Serializer):
    """What the last check or sync found."""

    dry_run = serializers.BooleanField(help_text="True: nothing has been written.")
    digest = serializers.CharField(help_text="Send it as `expect` to sync exactly this.")
    error = serializers.CharField(required=False, help_text="Why it could not be read or synced.")
    note = serializers.CharField(required=False)
    counts = serializers.DictField(child=serializers.IntegerField(), required=False)
    rows = PlanRowSerializer(many=True, required=False)
    more = serializers.IntegerField(required=False, help_text="How many rows are left out.")
    conflicts = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Overrides under which the source's value has changed.",
    )
    sentences = serializers.ListField(child=serializers.CharField(), required=False)
    warnings = serializers.CharField(required=False, help_text="Of Ansible.")
    is_skipped = serializers.BooleanField(
        required=False, help_text="True: the files are unchanged, and nothing was read."
    )
    synced = serializers.CharField(required=False, help_text="The digest that was carried out.")


class InventorySourceSerializer(StrictModelSerializer):
    inventory_id = key_of(
        Inventory, "inventory", "Its inventory, for good; by default the default one."
    )
    content = serializers.CharField(
        write_only=True,
        required=False,
        trim_whitespace=False,
        max_length=LARGEST_UPLOAD,
        help_text="An upload: INI, YAML or TOML, never executed. Write-only, encrypted.",
    )
    pass_environment = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Names of the worker's environment variables that its script or plugin may see, "
        "such as cloud credentials.",
    )
    plan = serializers.SerializerMethodField(
        help_text="What the last check or sync found; null before the first."
    )

    class Meta:
        model = InventorySource
        fields = [
            "id",
            "inventory_id",
            "name",
            "kind",
            "path",
            "content",
            "format",
            "environment",
            "pass_environment",
            "syncs",
            "interval_minutes",
            "is_active",
            "state",
            "message",
            "synced_at",
            "progress",
            "plan",
            "created_at",
            "updated_at",
        ]
        read_only_fields = [
            *("id", "state", "message", "synced_at", "progress", "created_at", "updated_at"),
        ]
        # The model reports duplicates itself.
        validators: ClassVar[list[Any]] = []

    def validate_content(self, content: str) -> str:
        if problem := upload_problem(content.encode(errors="replace"), "ini"):
            raise serializers.ValidationError(problem)
        return content

    @extend_schema_field(PlanSerializer(allow_null=True))
    def get_plan(self, source: InventorySource) -> dict[str, Any] | None:
        return source.plan or None


class SyncSerializer(StrictSerializer):
    dry_run = serializers.BooleanField(
        default=False, help_text="Only show what differs; nothing is written."
    )
    expect = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=64,
        help_text="`digest` of a dry run: anything else than what it showed is refused.",
    )


class InventorySourceViewSet(EditableViewSet):
    """Where the servers and groups of an inventory come from."""

    queryset = InventorySource.objects.select_related("inventory").order_by("inventory_id", "name")
    serializer_class = InventorySourceSerializer
    filterset_class = InventorySourceFilters
    permissions = {"sync": "inventory.sync_inventorysource"}
    takes = {"sync": SyncSerializer}

    @extend_schema(responses={202: InventorySourceSerializer})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, **kwargs: Any) -> Response:
        """Sync it on a worker, or only find out what differs. Its `plan` has the result."""
        given, source = self.given(), self.get_object()
        expect = given["expect"]
        if expect and not source.offers(expect):
            raise Refused("What would be synced has changed since. Its `plan` says what it is now.")
        if not source.ask_sync(signed_in(request), dry_run=given["dry_run"], expect=expect):
            raise Refused("A check or sync of this source is already under way.")
        return self.shown(source, status=202)


class VariableOverrideSerializer(StrictSerializer):
    """`value` may be of any JSON type; a secret is shown as ********."""

    id = serializers.IntegerField(read_only=True)
    server_id = key_of(Server, "server", "Either a server …", allow_null=True)
    group_id = key_of(ServerGroup, "group", "… or a group.", allow_null=True)
    name = serializers.CharField(max_length=255, help_text="The variable.")
    value = serializers.JSONField(allow_null=True)
    is_secret = serializers.BooleanField(
        required=False,
        allow_null=True,
        write_only=True,
        help_text="Encrypt it. Names that sound secret always are; omit it to keep the mark.",
    )
    source_value = serializers.JSONField(
        read_only=True, help_text="What it replaces; null also if the source has no such variable."
    )
    file = serializers.CharField(
        read_only=True, help_text="The file beside the inventory in which it stands."
    )
    conflict = serializers.CharField(
        read_only=True,
        help_text="“changed” or “removed”: what the source did to its value since. Send the "
        "override again to keep it.",
    )
    set_by = serializers.CharField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            return attrs
        if bool(attrs.get("server")) == bool(attrs.get("group")):
            raise serializers.ValidationError("Send either server_id or group_id.")
        return attrs

    def to_representation(self, instance: VariableOverride) -> dict[str, Any]:
        shown, beneath = redacted(instance.value), redacted(instance.replaced)
        return {
            "id": instance.pk,
            "server_id": instance.server_id,
            "group_id": instance.group_id,
            "name": instance.name,
            "value": shown.get(instance.name),
            "source_value": beneath.get(instance.name),
            "file": instance.file,
            "conflict": instance.conflict,
            "set_by": str(instance.set_by) if instance.set_by else None,
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
        }

    def create(self, validated_data: dict[str, Any]) -> VariableOverride:
        return self._set(validated_data.get("server") or validated_data["group"], validated_data)

    def update(self, instance: VariableOverride, validated_data: dict[str, Any]) -> Any:
        for name in ("server", "group", "name"):
            if name in validated_data and validated_data[name] != getattr(instance, name):
                raise serializers.ValidationError({name: "An override stays what it is of."})
        if "value" not in validated_data and "is_secret" in validated_data:
            raise serializers.ValidationError({"value": "Send the value, or ******** to keep it."})
        if "value" not in validated_data:
            return instance
        return self._set(instance.row, {"name": instance.name, **validated_data})

    def _set(self, row: Any, given: dict[str, Any]) -> VariableOverride:
        actor = signed_in(self.context["request"])
        marked = given.get("is_secret")
        try:
            return set_override(actor, row, given["name"], given["value"], is_secret=marked)
        except DjangoValidationError as error:
            raise serializers.ValidationError({"value": error.messages}) from None


class VariableOverrideViewSet(EditableViewSet):
    """Values that stand in place of those of an inventory source."""

    queryset = VariableOverride.objects.select_related(
        "server__inventory", "group__inventory", "set_by"
    ).order_by("pk")
    serializer_class = VariableOverrideSerializer
    filterset_class = VariableOverrideFilters

    def perform_destroy(self, instance: Any) -> None:
        remove_override(signed_in(self.request), instance)
