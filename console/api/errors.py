"""All API errors in one shape: {"detail": "a sentence", "fields": {"name": ["what is wrong"]}}."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from rest_framework.exceptions import APIException, ErrorDetail, NotAuthenticated, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from console.signals import access_denied, csrf_failed
from schema.exceptions import Refused
from schema.limits import LONGEST_MESSAGE, NAMED, first_named, first_problems, more_words, quoted

LOG_IN = "Log in, or send an API key as “Authorization: Bearer <token>”."

logger = logging.getLogger(__name__)


class Conflict(APIException):
    """`more` is added to the response beside `detail` and `fields`."""

    status_code = 409
    more: Mapping[str, Any] = {}
    default_detail = "The state of this object does not allow it."


class TooLarge(APIException):
    status_code = 413
    default_detail = "The request body is too large (DATA_UPLOAD_MAX_MEMORY_SIZE)."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Map our exceptions to HTTP: Refused is 409, ValidationError 400; a 403 is also recorded."""
    error = _as_http(error)
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    if response.status_code == 403:
        _announce_refusal(context["request"], str(getattr(error, "detail", "")))
    response.data = {**describe_error(response.data), **getattr(error, "more", {})}
    return response


def _announce_refusal(request: Any, reason: str) -> None:
    if reason.startswith("CSRF Failed"):  # DRF's SessionAuthentication
        csrf_failed.send(sender=None, request=request, reason=reason)
    else:
        access_denied.send(sender=None, request=request)


def _as_http(error: Exception) -> Exception:
    if isinstance(error, Refused):
        return Conflict(str(error))
    if isinstance(error, DjangoValidationError):
        return ValidationError(
            error.message_dict if hasattr(error, "error_dict") else error.messages
        )
    if isinstance(error, OverflowError):
        return ValidationError("A number or a time is out of range.")
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, NotAuthenticated):
        # DRF sends its auth_header as WWW-Authenticate.
        error.detail = ErrorDetail(LOG_IN, "not_authenticated")
    if isinstance(error, IntegrityError):
        logger.warning("A write was refused by the database: %s", error)
        return Conflict("Another request changed this at the same time. Read it again, then retry.")
    return error


def each_named(names: Collection[str], problem: Callable[[str], str]) -> dict[str, list[str]]:
    """DRF's error detail for these names, which all have a problem: the first few of many."""
    first, more = first_named(names)
    rest = {api_settings.NON_FIELD_ERRORS_KEY: more} if more else {}
    return {name: [problem(name)] for name in first} | rest


def describe_error(detail: Any) -> dict[str, Any]:
    """{"detail", "fields"} from DRF's error detail. Nested field names are joined with dots.

    Names the first NAMED fields, each with as many messages, and counts the others.
    """
    if isinstance(detail, dict) and set(detail) == {"detail"} and isinstance(detail["detail"], str):
        return {"detail": str(detail["detail"]), "fields": {}}
    fields: dict[str, list[str]] = {}
    others = set()
    for name, message in _messages(detail):
        name = quoted(name)
        if name and name not in fields and len(fields) >= NAMED:
            others.add(name)
        else:
            fields.setdefault(name, []).append(quoted(message, LONGEST_MESSAGE))
    fields = {name: first_problems(messages) for name, messages in fields.items()}
    sentences = [
        f"{name}: {' '.join(messages)}" if name else " ".join(messages)
        for name, messages in fields.items()
    ]
    fields.pop("", None)
    return {"detail": " ".join([*sentences, *more_words(len(others))]), "fields": fields}


def _messages(detail: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            own = "" if key in ("non_field_errors", "__all__") else str(key)
            yield from _messages(inner, ".".join(part for part in (name, own) if part))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _messages(inner, name)
    else:
        yield name, str(detail)
