"""What every endpoint shares: strict fields and parameters, and the model's own validation."""

from copy import copy
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from schema.exceptions import Refused

from .console import named_by


class StrictSerializer(serializers.Serializer):
    """A field that is unknown, or that cannot be written, is 400 and never ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := set(data) - writable:
                raise ValidationError(
                    {name: [self._why_not(name, writable)] for name in sorted(unknown)}
                )
        return super().to_internal_value(data)

    def _why_not(self, name: str, writable: set[str]) -> str:
        if name in self.fields:
            return "This cannot be written."
        known = ", ".join(sorted(writable))
        return f"No such field. Known: {known}." if known else "No such field: send none."


def secret(help_text: str = "") -> serializers.CharField:
    """A field that is written and never read; the empty text clears what is stored."""
    return serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=100_000,
        style={"input_type": "password"},
        help_text=f"{help_text} Never shown again.".strip(),
    )


class NoFields(StrictSerializer):
    """What a verb takes that takes nothing: an empty body, or {}."""


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer):
    """Leaves validation to the model, so that the API accepts what the admin accepts.

    Subclasses may change `self.row`, which is validated and not yet saved, in create and update.
    """

    row: Any

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        # The model runs its validators itself, after it has brought names into one spelling.
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        kwargs.pop("validators", None)
        return field_class, kwargs

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.row = copy(self.instance) if self.instance else cast(Any, self.Meta).model()
        for name, value in attrs.items():
            setattr(self.row, name, value)
        untouched = {field.name for field in self.row._meta.fields} - set(attrs)
        try:
            self.row.full_clean(exclude=untouched)
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from None
        return attrs

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Any:
        self.row.save(force_insert=True)
        return self.row

    @transaction.atomic
    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Save what differs, which may be more than was sent: a moved file has another hash."""
        names = [
            field.name
            for field in self.row._meta.concrete_fields
            if getattr(self.row, field.attname) != getattr(instance, field.attname)
        ]
        if names:
            self.row.save(update_fields=[*names, "updated_at"])
        return self.row


class RecordViewSet(viewsets.GenericViewSet):
    """The base of every endpoint that shows rows of a table, named before DRF's mixins.

    `permissions` names what an action wants where its HTTP method does not say it (None: to be
    logged in); `takes` the body of an action that does not take what it answers; `parameters` the
    query parameters of actions that are no lists.
    """

    lookup_value_regex = "[0-9]+"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    permissions: ClassVar[dict[str, str | None]] = {}
    takes: ClassVar[dict[str, type[serializers.Serializer]]] = {}
    parameters: ClassVar[dict[str, set[str]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self._known_parameters()
        if unknown := set(request.query_params) - known:
            names = ", ".join(sorted(known - {"format"})) or "none"
            raise ValidationError(
                {name: [f"No such parameter. Known: {names}."] for name in sorted(unknown)}
            )

    def get_object(self) -> Any:
        try:
            return super().get_object()
        except Http404:
            name = self.get_queryset().model._meta.verbose_name
            wanted = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
            raise NotFound(f"There is no {name} {wanted}.") from None

    def given(self) -> dict[str, Any]:
        """The body, validated."""
        serializer = self.takes[self.action](
            data=self.request.data, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def shown(self, row: Model, *, status: int = 200) -> Response:
        return Response(self.get_serializer(row).data, status=status)

    @transaction.atomic
    def perform_destroy(self, instance: Model) -> None:
        if uses := named_by(instance):
            raise Refused(f"{instance} cannot be deleted: it is {uses}.")
        instance.delete()

    def _known_parameters(self) -> set[str]:
        known = {"format", *self.parameters.get(self.action, ())}
        if self.action == "list":
            known |= set(getattr(getattr(self, "filterset_class", None), "base_filters", ()))
            pages = self.paginator
            for name in ("page_query_param", "cursor_query_param", "page_size_query_param"):
                known.add(getattr(pages, name, "format"))
        return known


class EditableViewSet(
    RecordViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """An endpoint whose rows people list, read, make, change and delete."""
