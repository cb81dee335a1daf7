"""/api/api-keys."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import ApiKeyFilters
from accounts.models import ApiKey, User
from accounts.signed_in import signed_in
from console.api.serializers import NoFields, StrictSerializer
from console.api.viewsets import RecordViewSet
from console.times import validate_year
from schema.exceptions import Refused

from .own_password import check_own_password, own_password_field


class ApiKeySerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.username")
    is_usable = serializers.BooleanField()

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "owner",
            "prefix",
            "is_usable",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "created_at",
        ]
        read_only_fields = fields


class IssuedApiKeySerializer(ApiKeySerializer):
    token = serializers.CharField(help_text="The key itself, returned only in this response.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "token"]
        read_only_fields = fields


class NewApiKeySerializer(StrictSerializer):
    name = serializers.CharField(max_length=80, help_text="What the key is for.")
    owner = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.all(),
        required=False,
        help_text="User name of the account the key acts for. Default: you.",
    )
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        validators=[validate_year],
        help_text="Default: API_KEY_DAYS (90) days from now. null: never.",
    )
    own_password = own_password_field("Your own password, needed to issue a key for another user.")


class ApiKeyViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Keys for programs.

    Admins issue keys and can see and revoke all of them, auditors see all; other users can see and
    revoke their own.
    """

    queryset = ApiKey.objects.select_related("owner")
    serializer_class = ApiKeySerializer
    filterset_class = ApiKeyFilters
    permissions = dict.fromkeys(("list", "retrieve", "revoke"), "accounts.view_own_apikey")
    takes = {"create": NewApiKeySerializer, "revoke": NoFields}

    def get_queryset(self) -> QuerySet[ApiKey]:
        keys = super().get_queryset()
        user = self.request.user
        return keys if user.has_perm("accounts.view_apikey") else keys.filter(owner=user.pk)

    @extend_schema(responses={201: IssuedApiKeySerializer})
    def create(self, request: Request) -> Response:
        """Issue an API key. Its token is in this response and nowhere else."""
        given, actor = self.given(), signed_in(request)
        owner, password = given.pop("owner", actor), given.pop("own_password", "")
        if owner.pk != actor.pk:
            check_own_password(actor, password)
        key, token = ApiKey.objects.issue(owner, actor=actor, **given)
        return Response({**ApiKeySerializer(key).data, "token": token}, status=201)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, **kwargs: Any) -> Response:
        """Revoke an API key. It cannot be restored."""
        self.given()
        key = self.get_object()
        if not key.revoke(request.user):
            raise Refused(f"{key} is already revoked.")
        return self.shown(key)
