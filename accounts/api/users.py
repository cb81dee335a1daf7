"""/api/users."""

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import UserFilters
from accounts.models import Session, User
from accounts.permissions import permissions_of
from accounts.signed_in import signed_in
from console.api.serializers import NoFields, StrictModelSerializer
from console.api.viewsets import EditableViewSet

from .own_password import check_own_password, own_password_field
from .sessions import EndedSessionsSerializer


class UserSerializer(StrictModelSerializer):
    password = serializers.CharField(
        write_only=True,
        max_length=200,
        trim_whitespace=False,
        help_text="Write-only. The user has to choose another one at the next login; not you, when "
        "you change your own.",
    )
    own_password = own_password_field("Your present password, needed to change your own.")

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "role",
            "is_active",
            "password",
            "own_password",
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
        password, present = attrs.pop("password", None), attrs.pop("own_password", "")
        attrs = super().validate(attrs)
        if password is not None:
            self._set_password(password, present)
        return attrs

    def _set_password(self, password: str, present: str) -> None:
        actor = signed_in(self.context["request"])
        try:
            validate_password(password, self.row)
        except DjangoValidationError as error:
            raise ValidationError({"password": error.messages}) from None
        if self.row.pk == actor.pk:
            check_own_password(actor, present)
        self.row.set_password_for(password, actor)


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
    permissions = {"me": None, "end_sessions": "accounts.end_session"}
    takes = {"end_sessions": NoFields}

    def perform_update(self, serializer: Any) -> None:
        """A new password ends the user's sessions: their own request's goes on under a new key."""
        super().perform_update(serializer)
        is_own = serializer.instance.pk == signed_in(self.request).pk
        if is_own and "password" in serializer.initial_data and self.request.auth is None:
            update_session_auth_hash(self.request, serializer.instance)

    @extend_schema(responses=MeSerializer)
    @action(detail=False, filterset_class=None, pagination_class=None)
    def me(self, request: Request) -> Response:
        """Show yourself: your role and its permissions."""
        return Response(MeSerializer(request.user).data)

    @extend_schema(responses=EndedSessionsSerializer)
    @action(
        detail=True,
        methods=["post"],
        url_path="end-sessions",
        filterset_class=None,
        pagination_class=None,
    )
    def end_sessions(self, request: Request, **kwargs: Any) -> Response:
        """End all sessions of a user, except the one that this request belongs to, if any."""
        self.given()
        but = request.session.session_key
        ended = Session.objects.end_of(self.get_object(), signed_in(request), but=but)
        return Response({"ended": ended})
