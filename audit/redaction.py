"""Keeps secrets out of what is written down."""

from typing import Any

MASK = "********"
SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "token", "private_key", "api_key")


def masked(value: Any) -> str:
    """Stands in for a secret, whatever it is: not even its length shows."""
    return MASK


def redacted(value: Any) -> Any:
    """The same structure with the values of telling keys ("db_password") masked."""
    if isinstance(value, dict):
        return {
            key: MASK if is_secret_name(str(key)) and item not in (None, "") else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    return value


def is_secret_name(name: str) -> bool:
    return any(word in name.lower() for word in SECRET_WORDS)
