"""Variables in bodies and answers: secrets are masked, and a mask keeps the stored secret."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from console.api.serializers import StrictModelSerializer
from inventory.host_variables import shown_variables, variables_to_store


class VariablesSerializer(StrictModelSerializer):
    secret_variables = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Names of the variables that are encrypted and shown as ********. Send it to "
        "mark more; names that sound secret are always encrypted. Omit it to keep the marks.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A mask keeps the stored secret. Marks without variables are for the stored ones."""
        marked = attrs.pop("secret_variables", None)
        stored = self.instance.variables if self.instance else {}
        if marked is not None and "variables" not in attrs:
            attrs["variables"] = shown_variables(stored)
        if "variables" in attrs:
            try:
                attrs["variables"] = variables_to_store(attrs["variables"], stored, marked)
            except DjangoValidationError as error:
                raise serializers.ValidationError({"variables": error.messages}) from None
        return super().validate(attrs)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "variables": shown_variables(shown["variables"])}
