"""Secrets among JSON data, each encrypted where it stands.

A sealed value is `{"$encrypted": token}` for a text, and `{"$encrypted": token, "as": "json"}` for
anything else: a number stays a number, a list a list. Around it, everything is readable.
"""

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

from .encryption import Undecryptable, decrypt, encrypt
from .secret_names import is_secret

# What is shown in place of a secret.
MASK = "********"
ENCRYPTED = "$encrypted"
SHAPE = "as"


def seal(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {ENCRYPTED: encrypt(value)}
    return {ENCRYPTED: encrypt(json.dumps(value)), SHAPE: "json"}


def unseal(value: dict[str, str]) -> Any:
    """The value of a sealed one, with its type. Raises Undecryptable."""
    text = decrypt(value[ENCRYPTED])
    return json.loads(text) if SHAPE in value else text


def is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() in ({ENCRYPTED}, {ENCRYPTED, SHAPE})


def has_sealed(value: Any) -> bool:
    """True if a sealed value stands in it, at any depth."""
    return next(sealed_paths(value), None) is not None


def mentions_sealed(value: Any) -> bool:
    """True if anything in it looks like a sealed value, whole or not: nobody enters that."""
    if isinstance(value, dict):
        return ENCRYPTED in value or any(map(mentions_sealed, value.values()))
    return isinstance(value, list) and any(map(mentions_sealed, value))


def seal_secrets(
    values: dict[str, Any], marked: Collection[str] = (), known: Any = None
) -> dict[str, Any]:
    """The values with each secret sealed: those named in `marked`, and what is_secret() finds.

    What is sealed already stays so. A secret that `known` has at the same place keeps its token.
    Raises Undecryptable if a part of one is sealed and cannot be opened.
    """
    known = known if isinstance(known, dict) else {}
    return {
        name: _kept_or_sealed(value, known.get(name))
        if name in marked or (is_secret(name, value) and not is_sealed(value))
        else _seal_below(value, known.get(name))
        for name, value in values.items()
    }


def _seal_below(value: Any, known: Any) -> Any:
    if is_sealed(value):
        return value
    if isinstance(value, dict):
        return seal_secrets(value, known=known)
    if isinstance(value, list):
        before = known if isinstance(known, list) else []
        before = [*before, *[None] * (len(value) - len(before))]
        return [_seal_below(each, old) for each, old in zip(value, before, strict=False)]
    return value


def _kept_or_sealed(value: Any, known: Any) -> dict[str, str]:
    if is_sealed(value):
        return value
    value = open_sealed(value)
    return known if is_sealed(known) and _opens_to(known, value) else seal(value)


def _opens_to(known: dict[str, str], value: Any) -> bool:
    try:
        old = unseal(known)
    except Undecryptable:
        return False
    return type(old) is type(value) and json.dumps(old) == json.dumps(value)


def change_sealed(value: Any, change: Callable[[dict[str, str]], Any]) -> Any:
    """A copy with `change(sealed value)` in place of each sealed value."""
    if is_sealed(value):
        return change(value)
    if isinstance(value, dict):
        return {name: change_sealed(item, change) for name, item in value.items()}
    return [change_sealed(each, change) for each in value] if isinstance(value, list) else value


def open_sealed(value: Any) -> Any:
    """A copy with everything decrypted; only for a run. Raises Undecryptable."""
    return change_sealed(value, unseal)


def sealed_paths(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """("db.password", sealed value) for each sealed value."""
    if is_sealed(value):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from sealed_paths(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from sealed_paths(item, f"{path}[{number}]")


def texts_in(value: Any) -> Iterator[str]:
    """Every text and number of a secret, as a log would show it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value
    elif value is not None and not isinstance(value, bool):
        yield str(value)
