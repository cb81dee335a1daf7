"""A task's whole result for storage: masked, then cut to size, with a note where it was cut."""

import json
import math
from collections.abc import Callable
from typing import Any

from audit.redaction import redacted
from automation.models.results import RESULT_LENGTH

# (characters per text, items per list or object): the first pair that makes it fit is used.
SIZES = ((20_000, 1_000), (4_000, 200), (1_000, 50), (200, 20), (60, 5))

# As HTTP modules get and return them: headers, and what `uri` makes of cookies. Ansible prints them
# only at -v.
CREDENTIALS = frozenset(
    {"authorization", "proxy_authorization", "cookie", "set_cookie", "cookies", "cookies_string"}
)


def kept_result(
    value: Any, mask: Callable[[str], str], *, is_cut: bool = False
) -> tuple[str, bool]:
    """(the result as JSON, whether it was cut). With `is_cut` it came cut already.

    `mask` removes secrets from a text; the values of secret-sounding keys ("db_password") and of
    headers that prove who asks are masked too.
    """
    if not isinstance(value, dict) or not value:
        return "", False
    clean = redacted(_masked(value, mask), CREDENTIALS)
    text = _as_json(clean)
    if len(text) <= RESULT_LENGTH:
        return text, is_cut
    for characters, items in SIZES:
        text = _as_json(_cut(clean, characters, items))
        if len(text) <= RESULT_LENGTH:
            return text, True
    return _as_json({"cut": "The result is too large to store."}), True


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {_text(str(name), mask): _masked(each, mask) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, mask) for each in value]
    if isinstance(value, str):
        return _text(value, mask)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON cannot express it
    return _number(value, mask)


def _number(value: Any, mask: Callable[[str], str]) -> Any:
    """The number, or its mask if the number is a secret."""
    if isinstance(value, bool) or value is None:
        return value
    text = str(value)
    return value if mask(text) == text else mask(text)


def _text(text: str, mask: Callable[[str], str]) -> str:
    return mask(text).replace("\x00", "")


def _cut(value: Any, characters: int, items: int) -> Any:
    if isinstance(value, dict):
        shown = {
            name[:characters]: _cut(each, characters, items)
            for name, each in list(value.items())[:items]
        }
        return shown if len(value) <= items else {**shown, "…": f"[{len(value) - items} more cut]"}
    if isinstance(value, list):
        shown_items = [_cut(each, characters, items) for each in value[:items]]
        more = [f"… [{len(value) - items} more cut]"] if len(value) > items else []
        return shown_items + more
    if isinstance(value, str) and len(value) > characters:
        # Messages begin with what matters, outputs end with it.
        half = characters // 2
        return f"{value[:half]} … [{len(value) - 2 * half:,} characters cut] … {value[-half:]}"
    return value
