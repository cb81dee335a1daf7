"""Texts that Ansible Vault has encrypted, opened to mask in logs what they hold.

Ansible itself opens them in a run. Its format 1.1 and 1.2, AES256: hexadecimal of three lines,
which are hexadecimal again: salt, HMAC-SHA256 of the ciphertext, ciphertext.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import Error, unhexlify
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from schema.encryption import Undecryptable
from schema.sealing import is_sealed, unseal
from schema.secret_names import is_secret

if TYPE_CHECKING:
    from inventory.models.own_variables import OwnVariables

VAULT = "__ansible_vault"
HEADER = "$ANSIBLE_VAULT;"
ROUNDS = 10_000
KEY, BLOCK = 32, 16
# (vault id, password)
Passwords = Sequence[tuple[str, str]]
# In characters: shorter texts of a vaulted file are secret only if their names say so.
SHORTEST = 6
MOST_TEXTS = 10_000


def vaulted_in(row: OwnVariables) -> Iterator[str]:
    """Every text of a server or group that Ansible Vault has encrypted: values, and whole files."""
    for file in row.variable_files:
        if "vaulted" in file:
            yield file["vaulted"]
    for _file, variables in row.all_variables():
        yield from vaulted_values(variables)


def vaulted_values(value: Any) -> Iterator[str]:
    if is_sealed(value):
        try:
            value = unseal(value)
        except Undecryptable:
            return
    if isinstance(value, dict):
        if value.keys() == {VAULT} and isinstance(value[VAULT], str):
            yield value[VAULT]
        for item in value.values():
            yield from vaulted_values(item)
    elif isinstance(value, list):
        for item in value:
            yield from vaulted_values(item)


def vault_id_of(text: str) -> str:
    """The vault id in the text's first line; "" if it has none."""
    return text.partition("\n")[0].strip().partition("AES256;")[2]


def secrets_of(text: str, passwords: Passwords) -> list[str]:
    """What logs must not show of a vaulted text: itself if it is a value, else what a file sets."""
    opened = open_vaulted(text, passwords)
    if opened is None:
        return []
    try:
        variables = yaml.load(opened, Loader=_Loader)  # noqa: S506  (a safe one)
    except (yaml.YAMLError, RecursionError, ValueError):
        return [opened]
    if not isinstance(variables, dict):
        return [opened]
    # Aliases let a few lines stand for any number of texts.
    return list(islice(_texts("", variables), MOST_TEXTS))


def open_vaulted(text: str, passwords: Passwords) -> str | None:
    """The text decrypted; None if none of the passwords opens it.

    Takes some milliseconds for each password; those of its vault id are tried first.
    """
    own = vault_id_of(text)
    for _id, password in sorted(passwords, key=lambda each: each[0] != own):
        if (opened := _opened(text, password)) is not None:
            return opened
    return None


def _opened(text: str, password: str) -> str | None:
    try:
        body = unhexlify("".join(text.split("\n")[1:]).replace(" ", "").strip())
        salt, digest, ciphertext = map(unhexlify, body.split(b"\n", 2))
    except (Error, ValueError):
        return None
    keys = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS, 2 * KEY + BLOCK)
    if not hmac.compare_digest(hmac.digest(keys[KEY : 2 * KEY], ciphertext, "sha256"), digest):
        return None
    decryptor = Cipher(AES(keys[:KEY]), CTR(keys[2 * KEY :])).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    return padded[: -padded[-1]].decode(errors="replace") if padded else None


def _texts(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(str(key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(name, item)
    elif value is not None and not isinstance(value, bool):
        text = str(value)
        if is_secret(name, value) or (isinstance(value, str) and len(text) >= SHORTEST):
            yield text


class _Loader(yaml.SafeLoader):
    """Takes Ansible's own tags (!vault, !unsafe) for texts."""


_Loader.add_multi_constructor(
    "!", lambda loader, _suffix, node: node.value if isinstance(node.value, str) else ""
)
