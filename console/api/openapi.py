"""What the OpenAPI schema says about all endpoints alike: a one-line summary, and the errors."""

from inspect import cleandoc
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from rest_framework import serializers

from .serializers import StrictSerializer


class ErrorSerializer(serializers.Serializer):
    detail = serializers.CharField(help_text="What went wrong and how to fix it.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Error messages by field, if the error is about fields.",
    )


ERRORS = {
    "400": "Invalid value, field or parameter.",
    "401": "Not authenticated.",
    "403": "Your role does not allow this. The attempt is recorded in the audit trail.",
    "404": "Not found.",
    "409": "The object's state does not allow this.",
    "413": "The request body is too large.",
    "415": "The request body is not JSON.",
    "429": "Too many attempts to authenticate. Retry after the seconds in Retry-After.",
    "503": "The database does not answer. Retry after the seconds in Retry-After.",
}
# Of every operation, and of those that take a body.
USUAL_ERRORS = {"400", "401", "403", "429", "503"}
ERRORS_OF_BODIES = {"409", "413", "415"}


# Summaries for the actions of DRF's own classes.
USUAL = {
    "list": "List {plural}",
    "create": "Add {one}",
    "retrieve": "Show {one}",
    "partial_update": "Edit {one}",
    "destroy": "Delete {one}",
}


class Documented(AutoSchema):
    """The summary, description and errors of each endpoint."""

    def get_summary(self) -> str:
        """The first sentence of the action's docstring, or the usual summary for its kind."""
        return self._own_doc()[0] or self._usual_summary()

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """The rest of the docstring; for an action of DRF's own, that of the viewset."""
        summary, more = self._own_doc()
        return more if summary else super().get_description()

    def _own_doc(self) -> tuple[str, str]:
        """("First sentence", "The rest."); both empty if the action has no docstring."""
        action = getattr(self.view, getattr(self.view, "action", None) or self.method.lower())
        first, _blank, rest = cleandoc(action.__doc__ or "").partition("\n\n")
        summary, _stop, more = " ".join(first.split()).partition(". ")
        return summary.removesuffix("."), "\n\n".join(filter(None, (more, rest)))

    def _usual_summary(self) -> str:
        view: Any = self.view
        meta = view.queryset.model._meta
        name = str(meta.verbose_name)
        one = f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"
        return USUAL[view.action].format(one=one, plural=meta.verbose_name_plural)

    def get_request_serializer(self) -> Any:
        takes = getattr(self.view, "takes", {})
        taken = takes.get(getattr(self.view, "action", None))
        return taken or super().get_request_serializer()

    def _map_serializer(self, serializer: Any, direction: Any, *more: Any, **options: Any) -> Any:
        """As usual; and what refuses unknown fields says so."""
        found = super()._map_serializer(serializer, direction, *more, **options)
        if direction == "request" and isinstance(force_instance(serializer), StrictSerializer):
            found["additionalProperties"] = False
        return found

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        error = self.resolve_serializer(ErrorSerializer, direction).ref
        for code in sorted(self._possible_errors() - responses.keys()):
            content = {"application/json": {"schema": error}}
            responses[code] = {"content": content, "description": ERRORS[code]}
        return responses

    def _possible_errors(self) -> set[str]:
        codes = set(USUAL_ERRORS)
        if self.method != "GET":
            codes |= ERRORS_OF_BODIES
        if "{" in self.path:
            codes.add("404")
        return codes
