"""Keeps secrets out of what is written down."""

import json
from collections.abc import Iterable
from typing import Any

MASK = "********"
SECRET_WORDS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "private_key",
    "api_key",
    "apikey",
    "access_key",
)
# As words of their own only: "bypass" and "compass" tell nothing.
SECRET_ENDINGS = ("pass", "pwd")


def masked(value: Any) -> str:
    """Stands in for a secret, whatever it is: not even its length shows."""
    return MASK


def redacted(value: Any) -> Any:
    """The same structure with the values of telling keys ("db_password") masked."""
    if isinstance(value, dict):
        return {
            key: MASK
            if is_secret_name(str(key)) and item not in (None, "") and not _is_reference(key, item)
            else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    return value


def unmasked(given: Any, stored: Any) -> Any:
    """What a client sends back, with each mask of `redacted` replaced by what is stored there."""
    if isinstance(given, dict) and isinstance(stored, dict):
        return {
            key: stored.get(key, item)
            if item == MASK and is_secret_name(str(key))
            else unmasked(item, stored.get(key))
            for key, item in given.items()
        }
    if isinstance(given, list) and isinstance(stored, list):
        return [
            unmasked(item, stored[place] if place < len(stored) else None)
            for place, item in enumerate(given)
        ]
    return given


def _is_reference(name: Any, value: Any) -> bool:
    """A credential's number, or the old and the new one of a change: no secret but where it is."""
    numbers = value if isinstance(value, list | tuple) else [value]
    return name in ("credential", "credential_id") and all(
        number is None or type(number) is int for number in numbers
    )


def masked_if_any(value: str) -> str:
    """Says whether there is a secret, and nothing about it. django-auditlog has "None" for the
    value of a row that is not there."""
    return "" if value in ("", "None") else MASK


def has_mask(value: Any) -> bool:
    """Whether a secret's place holds a mask instead of it."""
    if isinstance(value, dict):
        return any(
            item == MASK if is_secret_name(str(key)) else has_mask(item)
            for key, item in value.items()
        )
    return isinstance(value, list) and any(map(has_mask, value))


def is_secret_name(name: str) -> bool:
    """Whether a key's name says that its value is secret: db_password, ansible_become_pass."""
    name = name.lower().replace("-", "_").replace(" ", "_")
    return any(word in name for word in SECRET_WORDS) or name.split("_")[-1] in SECRET_ENDINGS


class Redactor:
    """Takes known secrets out of texts, also as they look inside of JSON.

    Those of one or two characters stay: masking them would tear every text apart.
    """

    SHORTEST = 3

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {line for secret in secrets for line in (secret, *secret.splitlines())}
        escaped = {
            json.dumps(piece, ensure_ascii=only_ascii)[1:-1]
            for piece in pieces
            for only_ascii in (False, True)
        }
        known = [piece for piece in pieces | escaped if len(piece) >= self.SHORTEST]
        self._secrets = sorted(known, key=len, reverse=True)

    def redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text
