"""Encrypt a text as ansible-vault does (format 1.1), without importing Ansible."""

import os
from binascii import hexlify

from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

HEADER = "$ANSIBLE_VAULT;1.1;AES256"
ROUNDS = 10_000
KEY, VECTOR, SALT, BLOCK = 32, 16, 32, 128
WIDTH = 80


def encrypted(text: str, password: str) -> str:
    """What `ansible-vault decrypt` turns back into the text."""
    salt = os.urandom(SALT)
    keys = PBKDF2HMAC(hashes.SHA256(), 2 * KEY + VECTOR, salt, ROUNDS).derive(password.encode())
    key, of_hmac, vector = keys[:KEY], keys[KEY : 2 * KEY], keys[2 * KEY :]
    padder = padding.PKCS7(BLOCK).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CTR(vector)).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    seal = hmac.HMAC(of_hmac, hashes.SHA256())
    seal.update(sealed)
    body = hexlify(b"\n".join(map(hexlify, (salt, seal.finalize(), sealed)))).decode()
    lines = [body[at : at + WIDTH] for at in range(0, len(body), WIDTH)]
    return "\n".join([HEADER, *lines, ""])
