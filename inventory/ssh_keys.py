"""SSH private keys: validate, check the passphrase, remove it."""

import base64
import binascii
import hashlib
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from django.core.exceptions import ValidationError

KINDS = (Ed25519PrivateKey, EllipticCurvePrivateKey, RSAPrivateKey)
KEY, PASSPHRASE = "ssh_private_key", "ssh_key_passphrase"


def fingerprint(public_key: str) -> str:
    """ "ssh-ed25519 SHA256:…", as ssh shows it; just the kind if the key is invalid."""
    kind, _, rest = public_key.strip().partition(" ")
    try:
        blob = base64.b64decode(rest.split()[0], validate=True)
    except (IndexError, binascii.Error):
        return kind
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"{kind} SHA256:{digest}"


def spelled_key(text: str) -> str:
    """The key as ssh needs it: browsers send \\r\\n, and people omit the final newline."""
    text = text.replace("\r\n", "\n").strip()
    return f"{text}\n" if text else ""


def without_passphrase(text: str, passphrase: str) -> str:
    """The key in OpenSSH format, unencrypted. Raises ValidationError ({field: message})."""
    if text.startswith(("ssh-", "ecdsa-")):
        raise _wrong(KEY, "This is a public key. Enter the private key.")
    load = load_ssh_private_key if "BEGIN OPENSSH" in text else load_pem_private_key
    try:
        key = load(text.encode(), passphrase.encode() or None)
    except TypeError:
        # A passphrase without an encrypted key, or the reverse.
        if passphrase:
            raise _wrong(PASSPHRASE, "The key has no passphrase: leave this empty.") from None
        raise _wrong(PASSPHRASE, "The key is encrypted. Enter its passphrase.") from None
    except UnsupportedAlgorithm:
        raise _wrong(KEY, "This kind of key, or its encryption, is not supported.") from None
    except ValueError:
        if passphrase and _is_encrypted(load, text):
            raise _wrong(PASSPHRASE, "This passphrase does not open the key.") from None
        raise _wrong(KEY, "This is not a private key, which begins with “-----BEGIN …”.") from None
    if not isinstance(key, KINDS):
        raise _wrong(KEY, "Only Ed25519, ECDSA and RSA keys are supported.")
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _is_encrypted(load: Callable, text: str) -> bool:
    try:
        load(text.encode(), None)
    except TypeError:
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return False


def _wrong(field: str, message: str) -> ValidationError:
    return ValidationError({field: [message]})
