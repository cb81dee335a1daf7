"""Encryption of secrets at rest: text in, a token for the database out.

settings.ENCRYPTION_KEYS is a list of Fernet keys (`manage.py generate_key` prints one). The first
one encrypts; all of them decrypt. To rotate, put the new key in front and keep the old one.
"""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

HINT = "Print a key with `manage.py generate_key` and put it into ENCRYPTION_KEYS."


class Undecryptable(Exception):
    """No key decrypts this token: its key was removed, or the text was altered."""


class Sealed(str):
    """An encrypted token, or the empty string. Call `password.opened()` to get the secret.

    Pages, logs and diffs that print the value show the token, never the secret.
    """

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> "Sealed":
        return cls(encrypt(text) if text else "")

    def opened(self) -> str:
        """The decrypted secret; empty if there is none. Raises Undecryptable."""
        return decrypt(self) if self else ""


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The decrypted text of a token. Raises Undecryptable."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise Undecryptable("No key in ENCRYPTION_KEYS decrypts this secret.") from None


def is_current(token: str) -> bool:
    """True if the token was made with the first key rather than one about to be retired."""
    _keys()  # raises an error that names a malformed key
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def encrypted_anew(token: str) -> str:
    """The same secret, encrypted with the first key. Raises Undecryptable."""
    return encrypt(decrypt(token))


def generate_key() -> str:
    """A new key: 32 random bytes in url-safe base64."""
    return Fernet.generate_key().decode()


def _keys() -> MultiFernet:
    keys = getattr(settings, "ENCRYPTION_KEYS", [])
    if not keys:
        raise ImproperlyConfigured(f"ENCRYPTION_KEYS is empty: secrets cannot be stored. {HINT}")
    return _made_of(tuple(keys))


@lru_cache(maxsize=2)
def _made_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_key(number, key) for number, key in enumerate(keys, start=1)])


def _key(number: int, key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        # Even a malformed key is a secret: give its position, not its text.
        raise ImproperlyConfigured(
            f"Key {number} in ENCRYPTION_KEYS is not 32 bytes of url-safe base64. {HINT}"
        ) from None
