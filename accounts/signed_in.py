"""The user of a request, where only authenticated users get through."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from .models import User


def signed_in(request: HttpRequest | Request) -> User:
    """The user that a session or an API key has authenticated."""
    return cast(User, request.user)
