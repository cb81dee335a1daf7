"""Signatures of seals: whoever has only the database cannot make one.

The keys are derived from ENCRYPTION_KEYS: the first signs, all verify. A seal covers those before
it, so that only the newest needs a signature of a present key; see docs/operations.md for a change
of keys.
"""

import hashlib
import hmac

from django.conf import settings

PURPOSE = b"InfraOps audit seals 1"


def sign(sha256: str) -> str:
    return _signature(settings.ENCRYPTION_KEYS[0], sha256)


def is_signed(sha256: str, signature: str) -> bool:
    # As texts: SQLite stores anything in any column.
    given = str(signature).encode()
    return any(
        hmac.compare_digest(_signature(key, str(sha256)).encode(), given)
        for key in settings.ENCRYPTION_KEYS
    )


def _signature(key: str, sha256: str) -> str:
    own = hmac.digest(key.encode(), PURPOSE, hashlib.sha256)
    return hmac.digest(own, sha256.encode(), hashlib.sha256).hex()
