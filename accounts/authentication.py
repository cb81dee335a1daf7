"""API authentication (`Authorization: Bearer <token>`) and permissions."""

from typing import Any

from django.db.models import Model
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .models import ApiKey, User


class ApiKeyAuthentication(BaseAuthentication):
    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        key = ApiKey.objects.matching(token.strip())
        if key is None:
            ApiKey.objects.record_refusal(token.strip())
            raise AuthenticationFailed("This API key is unknown, revoked or expired.")
        key.touch()
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return f'{self.keyword} realm="InfraOps"'


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


_VERBS = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "POST": "add", "DELETE": "delete"}


def permission_for_method(method: str, model: type[Model]) -> str:
    """The model permission for an HTTP method: PUT and PATCH need "change"."""
    return f"{model._meta.app_label}.{_VERBS.get(method, 'change')}_{model._meta.model_name}"


class RolePermission(BasePermission):
    """Requires the viewset's `permissions[action]`; None means any logged-in user.

    For other actions, requires the model permission for the HTTP method.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user.is_authenticated:
            return False
        if request.method not in view.allowed_methods:
            return True  # Let the view answer 405, whatever the role.
        permission = self._permission(request, view)
        if permission is None or user.has_perm(permission):
            return True
        self.message = (
            f"Your role ({user.role}) does not allow this. Permission needed: {permission}."
        )
        return False

    @staticmethod
    def _permission(request: Request, view: Any) -> str | None:
        named = getattr(view, "permissions", {})
        action = getattr(view, "action", None)
        if action in named:
            return named[action]
        queryset = getattr(view, "queryset", None)
        return (
            None
            if queryset is None
            else permission_for_method(request.method or "GET", queryset.model)
        )
