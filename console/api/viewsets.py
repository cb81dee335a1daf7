"""What all endpoints share: strict parameters, validated bodies, safe deletion."""

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model
from django.http import Http404
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from console.objects import find_references
from schema.exceptions import Refused

from .errors import each_named


class RecordViewSet(viewsets.GenericViewSet):
    """The base of every endpoint for rows of a table; list it before DRF's mixins.

    By action: `permissions` is the permission required where the HTTP method does not imply it
    (None: any logged-in user); `takes` the serializer of the body where it differs from the
    answer's; `parameters` the query parameters of actions other than lists.
    """

    lookup_value_regex = "[0-9]+"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    permissions: ClassVar[dict[str, str | None]] = {}
    takes: ClassVar[dict[str, type[serializers.Serializer]]] = {}
    parameters: ClassVar[dict[str, set[str]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not getattr(self, "action", None):
            return  # a method that does not exist here: 405, whatever the parameters
        known = self._known_parameters()
        if unknown := set(request.query_params) - known:
            names = ", ".join(sorted(known - {"format"})) or "none"
            said = f"No such parameter. Known: {names}."
            raise ValidationError(each_named(unknown, lambda _name: said))
        if repeated := self._repeated_parameters(request):
            raise ValidationError(
                each_named(repeated, lambda _name: "Send this parameter only once.")
            )

    def get_object(self) -> Any:
        try:
            return super().get_object()
        except Http404:
            name = self.get_queryset().model._meta.verbose_name
            wanted = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
            raise NotFound(f"There is no {name} {wanted}.") from None

    def given(self) -> dict[str, Any]:
        """The validated body."""
        serializer = self.takes[self.action](
            data=self.request.data, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def shown(self, row: Model, *, status: int = 200) -> Response:
        return Response(self.get_serializer(row).data, status=status)

    @transaction.atomic
    def perform_destroy(self, instance: Model) -> None:
        if uses := find_references(instance):
            raise Refused(f"{instance} cannot be deleted: it is {uses}.")
        instance.delete()

    def _repeated_parameters(self, request: Request) -> list[str]:
        """Parameters given more than once that take a single value: DRF would use the last one."""
        declared = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        return [
            name
            for name, values in request.query_params.lists()
            if len(values) > 1 and not getattr(declared.get(name), "takes_several", False)
        ]

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
    """An endpoint to list, read, create, change and delete rows."""
