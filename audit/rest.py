"""What every endpoint shares: strict fields and filters, pages, errors that say what to do."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from schema.exceptions import Refused

from .models import AuditLog


class NumberedPages(PageNumberPagination):
    """For small tables: `?page=2&page_size=100`, with a count."""

    page_size_query_param = "page_size"
    max_page_size = 500


class NewestFirst(CursorPagination):
    """For tables that grow without end: next and previous, never a count or an offset."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 500


class StrictFilterBackend(DjangoFilterBackend):
    """A parameter that no filter knows is 400: a misspelt one would show everything."""

    always_known = {"page", "page_size", "cursor", "format", "ordering", "search"}

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        unknown = set(request.query_params) - known - self.always_known
        if unknown:
            names = ", ".join(sorted(known)) or "none"
            raise ValidationError({name: [f"No such filter. Known: {names}."] for name in unknown})
        return super().filter_queryset(request, queryset, view)


class StrictSerializer(serializers.Serializer):
    """A field that is unknown, or that cannot be written, is 400 and never ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := set(data) - writable:
                known = ", ".join(sorted(writable))
                raise ValidationError(
                    {
                        name: [
                            "This cannot be written."
                            if name in self.fields
                            else f"No such field. Known: {known}."
                        ]
                        for name in sorted(unknown)
                    }
                )
        return super().to_internal_value(data)


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer):
    """Also runs the model's own validation, so that the API accepts what the admin accepts."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        row = self.instance or self.Meta.model()
        before = {name: getattr(row, name) for name in attrs if hasattr(row, name)}
        for name, value in attrs.items():
            setattr(row, name, value)
        try:
            self.clean(row)
        except DjangoValidationError as error:
            for name, value in before.items():
                setattr(row, name, value)
            raise ValidationError(error.message_dict) from None
        return attrs | {name: getattr(row, name) for name in attrs}

    def clean(self, row: Model) -> None:
        row.full_clean(validate_unique=False, validate_constraints=False)


class Conflict(APIException):
    status_code = 409
    default_detail = "The state of this object does not allow it."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Our verbs' errors as HTTP: Refused is 409, a bad value 400; a refusal by role is recorded."""
    if isinstance(error, Refused):
        error = Conflict(str(error))
    elif isinstance(error, DjangoValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
        error = ValidationError(detail)
    response = drf_exception_handler(error, context)
    if response is not None and response.status_code == 403:
        request = context["request"]
        AuditLog.objects.record("access.denied", path=request.path, method=request.method)
    return response
