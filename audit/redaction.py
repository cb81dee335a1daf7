"""Keeps secrets out of what is written down."""

import functools
import re
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


def mask_value(value: Any) -> str:
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


@functools.lru_cache(maxsize=10_000)  # an inventory has the same few names on each of its servers
def is_secret_name(name: str) -> bool:
    """Whether a key's name says that its value is secret: db_password, ansible_become_pass."""
    name = name.lower().replace("-", "_").replace(" ", "_")
    return any(word in name for word in SECRET_WORDS) or name.split("_")[-1] in SECRET_ENDINGS


def named_secrets(value: Any, name: str = "", *, is_secret: bool = False) -> list[tuple[str, str]]:
    """(key, text) of each text below telling keys, at any depth: what a record holds of secrets."""
    if isinstance(value, dict):
        return [
            pair
            for key, item in value.items()
            for pair in named_secrets(
                item, str(key), is_secret=is_secret or is_secret_name(str(key))
            )
        ]
    if isinstance(value, list):
        return [pair for item in value for pair in named_secrets(item, name, is_secret=is_secret)]
    return [(name, value)] if is_secret and isinstance(value, str) else []


def secret_texts(value: Any) -> list[str]:
    """Their texts alone: what a Redactor should know of a record."""
    return [text for _, text in named_secrets(value)]


class Redactor:
    """Takes known secrets out of texts, also as they look inside of JSON, YAML, a shell's quotes
    or Python's repr, however often these are wrapped in each other; and each line of a secret
    that has several. What two or more blanks part is looked for by its parts.

    Those of one or two characters stay: masking them would tear every text apart.
    """

    SHORTEST = 3

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {piece for secret in secrets for piece in _pieces(secret)}
        known = sorted((p for p in pieces if len(p) >= self.SHORTEST), key=len, reverse=True)
        self._secrets = [(_anchor(piece), _anyhow_written(piece)) for piece in known]

    def redact(self, text: str) -> str:
        for anchor, pattern in self._secrets:
            if anchor in text:
                text = pattern.sub(MASK, text)
        return text


def _anchor(secret: str) -> str:
    """A part that looks the same in every notation: searching for it first is a lot faster."""
    return max(re.findall("[A-Za-z0-9]+", secret), key=len, default="")


def _pieces(secret: str) -> list[str]:
    """It, its lines, and its parts: in a run of blanks every notation could begin anywhere, and to
    try them all takes for ever."""
    parts = BLANKS.split(secret)
    return [*(parts if len(parts) > 1 else [secret]), *secret.splitlines()]


def _anyhow_written(secret: str) -> re.Pattern[str]:
    """Each part takes all that it can and gives nothing back: no text makes it slow."""
    pattern, before = "", ""
    for part in re.findall(QUOTING, secret):
        pattern += _notations(part, before[:1] in QUOTES and bool(before))
        before = part
    return re.compile(pattern)


@functools.lru_cache(maxsize=2048)
def _notations(part: str, is_after_quotes: bool = False) -> str:
    """A pattern for one character as itself or escaped, once or several times; or for a run of
    quotes and backslashes, which every notation writes in its own way. After such a run, the
    backslashes of an escape have been taken by that."""
    if part[0] in QUOTES:
        return rf"[\\'\"]{{1,{16 * len(part) + 16}}}+"
    if part.isascii() and part.isalnum():
        return part
    if part.isascii() and part.isprintable() and part != " ":
        return rf"\\{{0,16}}{re.escape(part)}"
    escape = r"(?<=\\)" if is_after_quotes else r"\\{1,16}"
    utf16 = part.encode("utf-16-be", "surrogatepass").hex()
    units = r"\\{1,16}".join(f"u{utf16[at : at + 4]}" for at in range(0, len(utf16), 4))
    escaped = "|".join([units, f"U{ord(part):08x}", f"x{ord(part):02x}"])
    own = SPELLED.get(part, re.escape(part)).replace(ESCAPE, escape)
    return rf"(?:{own}|{escape}(?i:{escaped}))"


QUOTES = "\\'\""
QUOTING = re.compile(r"""[\\'"]+|.""", re.DOTALL)
# Where long YAML goes on in the next line, each line in its own colour. It gives nothing back.
COLOUR = r"(?:\x1b\[[0-9;]{0,9}m)?"
FOLD = rf"(?>\\?{COLOUR}\r?\n{COLOUR} *(?:\\ ?)?)"
ESCAPE = r"\\{1,16}"
# Characters that have a letter of their own, in one notation or another. Long YAML is folded.
SPELLED = {
    " ": rf" |{ESCAPE}n *+|{ESCAPE}_|{FOLD}",
    "\t": rf"\t|{ESCAPE}t",
    "\r": rf"\r?|{ESCAPE}r",
    "\n": rf"(?:(?:\n|{ESCAPE}n) *+){{1,3}}+",
    "\xa0": rf"\xa0|{ESCAPE}_",
    "\a": rf"\a|{ESCAPE}a",
    "\0": rf"\0|{ESCAPE}0",
    "\x1b": rf"\x1b|{ESCAPE}e",
}
BLANKS = re.compile(r"\s{2,}+")
