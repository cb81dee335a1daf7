"""API authentication (`Authorization: Bearer <token>`) and permissions."""

import logging
from typing import Any

from django.db import DatabaseError
from django.db.models import Model
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .models import ApiKey, FailedAttempts, TooManyAttempts, User

logger = logging.getLogger(__name__)

WRONG = "This API key is unknown, revoked or expired."
API_KEY = FailedAttempts.Kind.API_KEY
# Tokens have 52 characters. Longer ones are wrong, and are not even hashed.
LONGEST_TOKEN = 200


class ApiKeyAuthentication(BaseAuthentication):
    """A right token always gets through: nobody can guess one, nor stop its owner by trying.

    Wrong ones are counted by key and address, and have to wait (429). Those that are no key's, by
    their beginning, count as one: otherwise each could have a beginning of its own.
    """

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        token = token.strip()
        key = ApiKey.objects.matching(token) if len(token) <= LONGEST_TOKEN else None
        if key is None:
            raise self._failure(token)
        key.touch()
        return key.owner, key

    @staticmethod
    def _failure(token: str) -> AuthenticationFailed | Throttled:
        try:
            key = ApiKey.objects.meant_by(token)
            rows = FailedAttempts.objects.begin(API_KEY, key.prefix if key else "")
            if rows.filter(count=1).exists() and ApiKey.objects.record_refusal(key, token):
                rows.mark_told()
        except TooManyAttempts as error:
            return Throttled(error.seconds, WRONG)
        except DatabaseError as error:  # It takes no writes: the key is wrong all the same.
            logger.warning("A wrong API key could not be counted: %s", error)
        return AuthenticationFailed(WRONG)

    def authenticate_header(self, request: Request) -> str:
        return f'{self.keyword} realm="InfraOps"'


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


_VERBS = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "POST": "add", "DELETE": "delete"}


CHANGE_FIRST = (
    "Your password was set by an admin. Choose your own in the console "
    "(/admin/password_change/), then try again."
)


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
        if user.must_change_password and not isinstance(request.auth, ApiKey):
            self.message = CHANGE_FIRST
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
