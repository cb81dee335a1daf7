"""Keeps secrets out of what is written down."""

import json
from collections.abc import Iterable
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


class Redactor:
    """Takes known secrets out of texts, also as they look inside of JSON.

    Those of one or two characters stay: masking them would tear every text apart.
    """

    SHORTEST = 3

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {line for secret in secrets for line in (secret, *secret.splitlines())}
        escaped = {json.dumps(piece, ensure_ascii=ascii)[1:-1] for piece in pieces for ascii in (0, 1)}
        known = [piece for piece in pieces | escaped if len(piece) >= self.SHORTEST]
        self._secrets = sorted(known, key=len, reverse=True)

    def redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text
