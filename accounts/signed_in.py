"""Who asks, where only people who are signed in may ask."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from .models import User


def signed_in(request: HttpRequest | Request) -> User:
    """The person of a request that the log-in or an API key has let through."""
    return cast(User, request.user)
