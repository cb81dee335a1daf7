"""Keeps secrets out of everything that is written down."""

import base64
import functools
import json
import re
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain
from typing import Any

from schema.limits import DEEPEST, is_deeper
from schema.sealing import MASK, is_sealed, mentions_sealed, texts_in
from schema.secret_names import is_secret

# In characters: the shortest secret that is looked for within another.
SHORTEST_WITHIN = 6
# In bytes. What base64 makes of shorter secrets could be part of anything.
SHORTEST_IN_BASE64 = 6
# Of more secrets, only those are searched for whose first letters a text has.
MANY_SECRETS = 200
START = 3


def mask_value(value: Any) -> str:
    """The mask, whatever the value: not even its length shows."""
    return MASK


def redacted(value: Any, also: frozenset[str] = frozenset()) -> Any:
    """A copy with secrets masked: sealed values, and what is_secret() finds.

    Those of the keys named in `also` too, which are in lower case with underscores.
    """
    if is_sealed(value):
        return MASK
    if isinstance(value, dict):
        return {
            key: MASK
            if is_secret(str(key), item)
            or (_plain_name(str(key)) in also and item not in (None, ""))
            else redacted(item, also)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item, also) for item in value]
    return value


def masked_like(value: Any, other: Any) -> Any:
    """A copy with the mask wherever `other` has a sealed or vaulted value: what is secret now.

    Items of a list may have moved: each is masked like every one of the other list.
    """
    if is_sealed(other) or _is_vaulted(other):
        return MASK
    if isinstance(value, dict) and isinstance(other, dict):
        if other.get("vaulted") and other.get("path") == value.get("path"):
            return value | {"variables": MASK}  # a file that Ansible Vault has encrypted since
        return {name: masked_like(item, other.get(name)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(other, list):
        secret = [each for each in other if mentions_sealed(each) or _has_vaulted(each)]
        return [reduce(masked_like, secret, item) for item in value]
    return value


def _is_vaulted(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"__ansible_vault"}


def _has_vaulted(value: Any) -> bool:
    return any(text.startswith("$ANSIBLE_VAULT;") for text in texts_in(value))


def unmasked(given: Any, stored: Any) -> Any:
    """What a client sent back, with the masks from `redacted` replaced by the stored values."""
    if isinstance(given, dict) and isinstance(stored, dict):
        return {
            key: stored.get(key, item) if item == MASK else unmasked(item, stored.get(key))
            for key, item in given.items()
        }
    if isinstance(given, list) and isinstance(stored, list):
        return _unmasked_items(given, stored)
    return given


def _unmasked_items(given: list[Any], stored: list[Any]) -> list[Any]:
    """Items may have moved, so a place alone does not tell whose secret a mask is."""
    meant = _meant_items(given, stored)
    return [
        unmasked(item, old) if has_mask(item) else item
        for item, old in zip(given, meant, strict=True)
    ]


def _meant_items(given: list[Any], stored: list[Any]) -> list[Any]:
    """For each item the stored one that was shown like it, or else was edited in place.

    None if it could be several: their secrets must not be mixed up.
    """
    sent = [_hashable(item) for item in given]
    shown = [_hashable(redacted(item)) for item in stored]
    alike: dict[Any, Any] = {}
    for old, look in zip(stored, shown, strict=True):
        alike[look] = old if alike.get(look, old) == old else None
    if len(sent) != len(shown):
        return [alike.get(look) for look in sent]
    known = set(sent)
    in_place = [old if look not in known else None for old, look in zip(stored, shown, strict=True)]
    return [
        old if look == before else alike.get(look, edited)
        for look, before, old, edited in zip(sent, shown, stored, in_place, strict=True)
    ]


def _hashable(value: Any) -> Any:
    """Equal for equal JSON: comparing each item of a long list with each takes minutes."""
    if isinstance(value, dict):
        return frozenset((name, _hashable(item)) for name, item in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def masked_if_any(value: str) -> str:
    """The mask, or "" if there is no value. django-auditlog passes "None" for a missing row."""
    return "" if value in ("", "None") else MASK


def has_mask(value: Any) -> bool:
    """True if it is or contains a mask."""
    if isinstance(value, dict):
        return any(map(has_mask, value.values()))
    if isinstance(value, list):
        return any(map(has_mask, value))
    return bool(value == MASK)


def _plain_name(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def named_secrets(value: Any, name: str = "") -> list[tuple[str, str]]:
    """(key, text) for each text and number below a secret-sounding key, at any depth.

    Not for sealed values.
    """
    if is_sealed(value):
        return []
    if isinstance(value, dict):
        return [
            pair
            for key, item in value.items()
            for pair in (
                [(str(key), text) for text in texts_in(item)]
                if is_secret(str(key), item) and not is_sealed(item)
                else named_secrets(item, str(key))
            )
        ]
    if isinstance(value, list):
        return [pair for item in value for pair in named_secrets(item, name)]
    return []


def secret_texts(value: Any) -> list[str]:
    """The texts alone, for a Redactor."""
    return [text for _, text in named_secrets(value)]


def secrets_within(text: str) -> Iterator[str]:
    """Values under secret-sounding names in a text that is JSON, YAML or lines of NAME=value.

    A play that takes the text apart prints them alone. Not short ones, which could be part of
    anything.
    """
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        inner = None
    found = secret_texts(inner) if not is_deeper(inner, DEEPEST) else []
    found += [value for line in text.splitlines() if (value := _secret_in_line(line))]
    yield from (value for value in found if len(value) >= SHORTEST_WITHIN)


def _secret_in_line(line: str) -> str:
    name, *rest = re.split("[:=]", line, maxsplit=1)
    value = "".join(rest).strip().rstrip(",;").strip("'\"")
    name = name.strip(" \t-'\"").removeprefix("export ")
    return value if len(value) >= SHORTEST_WITHIN and is_secret(name, value) else ""


def base64_pieces(secret: str) -> set[str]:
    """What base64 makes of a secret, wherever in the encoded text it begins.

    Only characters that nothing but the secret decides; in the alphabets for texts and for URLs.
    """
    raw = secret.encode(errors="surrogateescape")
    if len(raw) < SHORTEST_IN_BASE64:
        return set()
    pieces = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        piece = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        pieces |= {piece, piece.replace("+", "-").replace("/", "_")}
    return pieces


class Redactor:
    """Masks known secrets in texts.

    Also finds them as written in JSON, YAML, shell quotes or Python's repr, nested in any way, and
    each line of a multi-line secret. A secret with runs of two or more blanks is searched for by
    its parts. Secrets of one or two characters are left alone: masking them would shred any text.
    """

    SHORTEST = 3

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {piece for secret in secrets for piece in _pieces(secret)}
        known = sorted((p for p in pieces if len(p) >= self.SHORTEST), key=len, reverse=True)
        self._secrets = [(_anchor(piece), _anyhow_written(piece)) for piece in known]
        self._by_start: dict[str, list[int]] = {}
        if len(known) > MANY_SECRETS:
            for number, (anchor, _pattern) in enumerate(self._secrets):
                self._by_start.setdefault(anchor[:START], []).append(number)
        # The most characters that one of them takes, however it is written.
        self.longest = max(map(_longest_written, known), default=0)

    def redact(self, text: str) -> str:
        for anchor, pattern in self._likely(text) if self._by_start else self._secrets:
            if anchor in text:
                text = pattern.sub(MASK, text)
        return text

    def _likely(self, text: str) -> list[tuple[str, re.Pattern[str]]]:
        """Those that the text may hold, by how they begin: thousands would take long otherwise."""
        starts = {text[at : at + size] for size in range(START + 1) for at in range(len(text))}
        found = [self._by_start[start] for start in starts & self._by_start.keys()]
        return [self._secrets[number] for number in sorted(chain.from_iterable(found))]


def _anchor(secret: str) -> str:
    """A part that looks the same in every notation: searching for it first is much faster."""
    return max(re.findall("[A-Za-z0-9]+", secret), key=len, default="")


def _longest_written(secret: str) -> int:
    """Letters and digits are never escaped; for others, at most as many backslashes as we match."""
    return sum(1 if each.isascii() and each.isalnum() else 32 for each in secret)


def _pieces(secret: str) -> list[str]:
    """The secret, its lines, and its parts between runs of blanks.

    Every notation could begin anywhere in such a run, so matching across it would take forever.
    """
    parts = BLANKS.split(secret)
    return [*(parts if len(parts) > 1 else [secret]), *secret.splitlines()]


def _anyhow_written(secret: str) -> re.Pattern[str]:
    """The pattern. Each part is possessive, so that no text makes it slow."""
    pattern, before = "", ""
    for part in re.findall(QUOTING, secret):
        pattern += _notations(part, before[:1] in QUOTES and bool(before))
        before = part
    return re.compile(pattern)


@functools.lru_cache(maxsize=2048)
def _notations(part: str, is_after_quotes: bool = False) -> str:
    """A pattern for one character, plain or escaped once or more.

    For a run of quotes and backslashes, which each notation writes differently, a pattern for the
    whole run; it also consumes the backslashes of an escape that follows.
    """
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
# A fold in long YAML: it goes on in the next line, each line with its own colour. No backtracking.
COLOUR = r"(?:\x1b\[[0-9;]{0,9}m)?"
FOLD = rf"(?>\\?{COLOUR}\r?\n{COLOUR} *(?:\\ ?)?)"
ESCAPE = r"\\{1,16}"
# Characters with a spelling of their own in some notation. Long YAML is folded at spaces.
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
