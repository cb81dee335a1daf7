"""Rows of accounts, for tests/make.py."""

from datetime import timedelta
from itertools import count
from typing import Any

from auditlog.context import disable_auditlog
from django.utils import timezone

from accounts.models import ApiKey, FailedAttempts, SavedView, Session, User

PASSWORD = "correct horse battery"

# SQLite and MySQL may reuse keys after a flush, so names need their own counter.
_number = count(1)


def saved(row: Any) -> Any:
    with disable_auditlog():
        row.save(force_insert=True)
    return row


def user(**fields: Any) -> User:
    """A viewer whose password is `make.PASSWORD`."""
    name = fields.setdefault("username", f"user{next(_number)}")
    fields.setdefault("email", f"{name}@example.com")
    row = User(**fields)
    row.set_password(PASSWORD)
    return saved(row)


def api_key(owner: User | None = None, **fields: Any) -> tuple[ApiKey, str]:
    """A key, and the token that a client sends as `Authorization: Bearer …`."""
    fields.setdefault("name", f"key {next(_number)}")
    return ApiKey.objects.issue(owner or user(), **fields)


def session(owner: User | None = None, **fields: Any) -> Session:
    """Somebody's open session in another browser."""
    fields.setdefault("session_key", f"session{next(_number)}")
    fields.setdefault("session_data", "")
    fields.setdefault("expire_date", timezone.now() + timedelta(hours=12))
    fields.setdefault("ip_address", "192.0.2.9")
    return saved(Session(user=owner or user(), **fields))


def failed_attempts(name: str = "alice", **fields: Any) -> FailedAttempts:
    """One wrong password at the login."""
    fields.setdefault("kind", FailedAttempts.Kind.LOG_IN)
    fields.setdefault("address", "192.0.2.9")
    return saved(FailedAttempts(name=name, count=1, untold=1, **fields))


def saved_view(owner: User | None = None, **fields: Any) -> SavedView:
    """A private view of the list of jobs."""
    fields.setdefault("list_name", "automation_job")
    fields.setdefault("name", f"view {next(_number)}")
    fields.setdefault("query", "status__exact=failed")
    return saved(SavedView(user=owner or user(), **fields))
