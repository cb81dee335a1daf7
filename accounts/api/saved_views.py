"""/api/saved-views: filters and order of a list, saved under a name."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import SavedViewFilters
from accounts.models import SavedView
from accounts.signed_in import signed_in
from console.api.serializers import StrictSerializer
from console.api.viewsets import RecordViewSet


class SavedViewSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username")
    url = serializers.CharField(
        source="get_absolute_url", help_text="Path of the list in the console."
    )

    class Meta:
        model = SavedView
        fields = [
            "id",
            "list_name",
            "name",
            "query",
            "shared",
            "user",
            "url",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class ChangedViewSerializer(StrictSerializer):
    """The fields of a view that can be changed."""

    name = serializers.CharField(max_length=80, required=False)
    query = serializers.CharField(
        required=False, allow_blank=True, help_text="The part after “?” in the list's address."
    )
    shared = serializers.BooleanField(required=False, help_text="Whether everyone can open it.")


class NewViewSerializer(ChangedViewSerializer):
    list_name = serializers.CharField(help_text="Such as automation_job.")
    name = serializers.CharField(max_length=80)
    query = serializers.CharField(
        allow_blank=True, help_text="The part after “?” in the list's address."
    )


class SavedViewViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Your own saved views, and those that others share."""

    queryset = SavedView.objects.all()
    serializer_class = SavedViewSerializer
    filterset_class = SavedViewFilters
    takes = {"create": NewViewSerializer, "partial_update": ChangedViewSerializer}

    def get_queryset(self) -> QuerySet[SavedView]:
        views = SavedView.objects.open_to(signed_in(self.request))
        return views.order_by("list_name", "name", "id")

    @extend_schema(responses={200: SavedViewSerializer, 201: SavedViewSerializer})
    def create(self, request: Request) -> Response:
        """Save a view. Replaces your own view of that name in that list (200 instead of 201)."""
        view, is_new = SavedView.objects.keep(signed_in(request), **self.given())
        return self.shown(view, status=201 if is_new else 200)

    @extend_schema(responses=SavedViewSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        view = self.get_object()
        view.change(signed_in(request), **self.given())
        return self.shown(view)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        self.get_object().remove(signed_in(request))
        return Response(status=204)
