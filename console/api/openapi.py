"""What the OpenAPI schema says about every endpoint alike: the errors."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer):
    detail = serializers.CharField(help_text="What is wrong, and what to do.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        help_text="The same by field, where it is about fields.",
    )


ERRORS = {
    "400": "A value, a field or a parameter that cannot be used.",
    "401": "Nobody is logged in, and no API key came along.",
    "403": "The role does not allow it. This is recorded in the audit trail.",
    "404": "There is no such object.",
    "409": "The state of the object does not allow it.",
}


class ErrorsDocumented(AutoSchema):
    def get_request_serializer(self) -> Any:
        takes = getattr(self.view, "takes", {})
        taken = takes.get(getattr(self.view, "action", None))
        return taken or super().get_request_serializer()

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        error = self.resolve_serializer(ErrorSerializer, direction).ref
        for code in sorted(self._possible_errors() - responses.keys()):
            content = {"application/json": {"schema": error}}
            responses[code] = {"content": content, "description": ERRORS[code]}
        return responses

    def _possible_errors(self) -> set[str]:
        codes = {"401", "403"}
        if self.method != "GET":
            codes |= {"400", "409"}
        elif self._is_list_view():
            codes.add("400")
        if "{" in self.path:
            codes.add("404")
        return codes
