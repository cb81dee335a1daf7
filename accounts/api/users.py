"""/api/users."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import UserFilters
from accounts.models import User
from accounts.permissions import permissions_of
from accounts.signed_in import signed_in
from console.api.serializers import StrictModelSerializer
from console.api.viewsets import EditableViewSet


class UserSerializer(StrictModelSerializer):
    password = serializers.CharField(
        write_only=True,
        max_length=200,
        trim_whitespace=False,
        help_text="Write-only. The user has to choose another one at the next login.",
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
            self.row.set_password_for(password, signed_in(self.context["request"]))
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
