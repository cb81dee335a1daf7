"""Refuse what is not ours: one line in the log, one in the audit trail."""

import hashlib
import logging
from typing import Any

from accounts.models import User
from audit.models import AuditLog

from .packages import Foreign, read_package, shown

logger = logging.getLogger(__name__)


def foreign_in(payload: str | bytes) -> Foreign | None:
    """Why no worker may have this package; None if it is one of ours."""
    try:
        read_package(payload)
    except Foreign as refused:
        return refused
    return None


def record_package(refused: Foreign, payload: str | bytes) -> None:
    data = payload if isinstance(payload, bytes) else payload.encode(errors="replace")
    record_refusal(refused, kind="package", sha256=hashlib.sha256(data).hexdigest())


def record_refusal(refused: Foreign, **details: Any) -> None:
    said: dict[str, Any] = {
        **refused.details,
        **{name: shown(value) for name, value in details.items()},
    }
    logger.warning("Refused in the queue: %s %s", refused, said)
    system = User.objects.system()
    AuditLog.objects.record("queue.refused", actor=system, reason=str(refused), **said)
