"""/api/inventory: an inventory as Ansible's scripts print it."""

import json
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from accounts.signed_in import signed_in
from console.api.serializers import StrictSerializer
from console.api.viewsets import RecordViewSet
from inventory.exporting import DYNAMIC, EXPORT_SECRETS, export_inventory, read_export
from inventory.models import Inventory


class WithSecretsSerializer(StrictSerializer):
    """What to read, and the password that encrypts it."""

    inventory = serializers.CharField(
        required=False, allow_blank=True, help_text="Its name; by default the default inventory."
    )
    vault_password = serializers.CharField(
        trim_whitespace=False,
        style={"input_type": "password"},
        help_text="The response is encrypted with it: `ansible-vault decrypt` reads it.",
    )


class DynamicInventoryViewSet(RecordViewSet):
    """An inventory for `ansible -i`, through the script in docs/api.md."""

    queryset = Inventory.objects.all()
    serializer_class = WithSecretsSerializer
    pagination_class = None
    permissions = {"list": "inventory.view_server", "create": EXPORT_SECRETS}
    parameters = {"list": {"inventory", "host"}}
    takes = {"create": WithSecretsSerializer}

    @extend_schema(
        responses=OpenApiTypes.OBJECT,
        parameters=[
            OpenApiParameter("inventory", str, description="Its name. Default: the default one."),
            OpenApiParameter(
                "host", str, description="Only the variables of this host, as for `--host`."
            ),
        ],
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an inventory in Ansible's JSON, as for `--list`, with `_meta`.

        Secrets are ********. Files beside an imported inventory (group_vars, host_vars) are merged
        into the variables of the hosts.
        """
        inventory = _inventory(request.query_params.get("inventory", ""))
        host = request.query_params.get("host")
        export = read_export(inventory, hosts=None if host is None else [host])
        if host is None:
            return _json(export.dynamic)
        if not export.servers:
            raise NotFound(f"There is no active server “{host}” in the inventory “{inventory}”.")
        return _json(export.of_host(host))

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Read an inventory with its secrets, encrypted by Ansible Vault. Recorded."""
        given = self.given()
        try:
            (text,) = export_inventory(
                signed_in(request),
                _inventory(given.get("inventory", "")),
                DYNAMIC,
                with_secrets=True,
                vault_password=given["vault_password"],
            ).values()
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from None
        response = HttpResponse(text, content_type="text/plain; charset=utf-8")
        response["Cache-Control"] = "no-store"
        return response


def _json(told: dict[str, Any]) -> HttpResponse:
    """As Ansible writes and reads it: with Infinity and NaN, which other JSON has not."""
    return HttpResponse(json.dumps(told), content_type="application/json")


def _inventory(name: str) -> Inventory:
    """The inventory of this name, by default the default one. Raises ValidationError."""
    found = Inventory.objects.named(name) if name else Inventory.objects.default()
    if found is None:
        raise ValidationError({"inventory": [f"There is no inventory “{name}”."]})
    return found
