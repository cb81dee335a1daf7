"""users, api_keys and saved_views."""

from .keys import ApiKey, digest_of, validate_future
from .saved_views import SavedView
from .users import LAST_ADMIN, LowerCaseCharField, LowerCaseEmailField, User

__all__ = [
    "LAST_ADMIN",
    "ApiKey",
    "LowerCaseCharField",
    "LowerCaseEmailField",
    "SavedView",
    "User",
    "digest_of",
    "validate_future",
]
