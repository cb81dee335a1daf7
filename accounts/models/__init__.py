"""users, api_keys, sessions, failed_attempts and saved_views."""

from .attempts import FailedAttempts, TooManyAttempts
from .keys import (
    DEFAULT_END,
    LAST_USED,
    ApiKey,
    default_end,
    digest_of,
    validate_future,
)
from .saved_views import SavedView
from .sessions import LAST_SEEN, Session
from .users import LAST_ADMIN, LowerCaseCharField, LowerCaseEmailField, User

__all__ = [
    "DEFAULT_END",
    "LAST_ADMIN",
    "LAST_SEEN",
    "LAST_USED",
    "ApiKey",
    "FailedAttempts",
    "LowerCaseCharField",
    "LowerCaseEmailField",
    "SavedView",
    "Session",
    "TooManyAttempts",
    "User",
    "default_end",
    "digest_of",
    "validate_future",
]
