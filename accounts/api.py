"""/api/users and /api/api-keys."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.serializers import NoFields, StrictModelSerializer, StrictSerializer
from console.api.viewsets import EditableViewSet, RecordViewSet
from console.times import validate_year
from schema.exceptions import Refused

from .filters import ApiKeyFilters, UserFilters
from .models import ApiKey, User
from .permissions import permissions_of
from .signed_in import signed_in


class UserSerializer(StrictModelSerializer):
    password = serializers.CharField(
        write_only=True, max_length=200, trim_whitespace=False, help_text="Write-only."
    )

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "role",
            "is_active",
            "password",
            "last_login",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "last_login", "created_at", "updated_at"]

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        fields["password"].required = self.instance is None
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        password = attrs.pop("password", None)
        attrs = super().validate(attrs)
        if password is not None:
            try:
                validate_password(password, self.row)
            except DjangoValidationError as error:
                raise ValidationError({"password": error.messages}) from None
            self.row.set_password(password)
        return attrs


class MeSerializer(serializers.ModelSerializer):
    permissions = serializers.SerializerMethodField(help_text="The role's permissions.")

    class Meta:
        model = User
        fields = ["id", "username", "email", "role", "permissions"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_permissions(self, user: User) -> list[str]:
        return sorted(permissions_of(user.role))


class UserViewSet(EditableViewSet):
    """Users and their roles. Admins manage them, auditors read them; `me` is for everybody."""

    queryset = User.objects.order_by("username")
    serializer_class = UserSerializer
    filterset_class = UserFilters
    permissions = {"me": None}

    @extend_schema(responses=MeSerializer)
    @action(detail=False, filterset_class=None, pagination_class=None)
    def me(self, request: Request) -> Response:
        """Show yourself: your role and its permissions."""
        return Response(MeSerializer(request.user).data)


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
        required=False, allow_null=True, validators=[validate_year]
    )


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
        given = self.given()
        owner = given.pop("owner", request.user)
        key, token = ApiKey.objects.issue(owner, actor=signed_in(request), **given)
        return Response({**ApiKeySerializer(key).data, "token": token}, status=201)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, **kwargs: Any) -> Response:
        """Revoke an API key. It cannot be restored."""
        self.given()
        key = self.get_object()
        if not key.revoke(request.user):
            raise Refused(f"{key} is already revoked.")
        return self.shown(key)
