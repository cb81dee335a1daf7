"""Secrets at rest: text in, a token for the database out.

settings.ENCRYPTION_KEYS lists Fernet keys (`manage.py generate_key` prints one). The first
encrypts, all of them decrypt: to change keys, put the new one in front and keep the old one.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

HINT = "Print a key with `manage.py generate_key` and put it into ENCRYPTION_KEYS."


class Undecryptable(Exception):
    """None of the keys opens this token: its key was removed, or the text was altered."""


class Sealed(str):
    """A token, or nothing. Whoever wants the secret has to ask for it: `password.opened()`.

    It is the token itself and never the secret that stands in for it in a page, a log or a diff.
    """

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> "Sealed":
        return cls(encrypt(text) if text else "")

    def opened(self) -> str:
        """The secret in clear; empty if there is none. Raises Undecryptable."""
        return decrypt(self) if self else ""


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a token. Raises Undecryptable."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise Undecryptable("No key in ENCRYPTION_KEYS opens this secret.") from None


def is_current(token: str) -> bool:
    """Whether the first key has made this token, and not one that is to be retired."""
    _keys()  # a broken key is named
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def encrypted_anew(token: str) -> str:
    """The same secret under the first key. Raises Undecryptable."""
    return encrypt(decrypt(token))


def generate_key() -> str:
    """A new key: 32 random bytes as url-safe base64."""
    return Fernet.generate_key().decode()


def _keys() -> MultiFernet:
    keys = getattr(settings, "ENCRYPTION_KEYS", [])
    if not keys:
        raise ImproperlyConfigured(f"ENCRYPTION_KEYS is empty: secrets cannot be kept. {HINT}")
    return MultiFernet([_key(number, key) for number, key in enumerate(keys, start=1)])


def _key(number: int, key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        # The key itself is a secret, even a broken one: it is counted, not quoted.
        raise ImproperlyConfigured(
            f"Key {number} in ENCRYPTION_KEYS is not 32 bytes of url-safe base64. {HINT}"
        ) from None
