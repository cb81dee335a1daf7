"""Record logins, logouts, denied access, failed CSRF checks and exports."""

import logging
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError
from django.dispatch import receiver

from console.signals import access_denied, csrf_failed, list_exported
from schema.outages import trouble_of

from .models import AuditLog

logger = logging.getLogger(__name__)


@receiver(user_logged_in)
def record_login(user: Any, **kwargs: Any) -> None:
    AuditLog.objects.record("user.logged_in", user, actor=user)


@receiver(user_logged_out)
def record_logout(user: Any, **kwargs: Any) -> None:
    if user is not None:
        AuditLog.objects.record("user.logged_out", user, actor=user)


@receiver(access_denied)
def record_denial(request: Any, **kwargs: Any) -> None:
    """While the database takes no writes, access is denied all the same, and the log says so."""
    try:
        AuditLog.objects.record("access.denied", path=request.path, method=request.method)
    except DatabaseError as error:
        if not trouble_of(error):
            raise
        logger.warning(
            "Not in the audit trail (%s): denied %s %s to %s",
            error,
            request.method,
            request.path,
            request.user,
        )


@receiver(csrf_failed)
def record_csrf_failure(request: Any, reason: str, **kwargs: Any) -> None:
    AuditLog.objects.record_once(
        "access.csrf_failed", path=request.path, method=request.method, reason=reason[:200]
    )


@receiver(list_exported)
def record_export(name: str, details: dict[str, Any], **kwargs: Any) -> None:
    AuditLog.objects.record(f"{name}.exported", **details)
