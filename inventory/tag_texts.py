"""A server's tags as text: “web” or “role=web”.

All lists, filters, forms, commands and the API read and write tags in this form.
"""

import json
from typing import Any

# For placeholders and help texts.
TAG_EXAMPLES = "web or role=web"


def tag_text(key: str, value: Any = True) -> str:
    """One value of a tag: role=web, rack=7, old=false; only the key if the value is true."""
    return key if value is True else f"{key}={value_text(value)}"


def parse_tag(text: str) -> tuple[str, str | None]:
    """(key, value) of a tag's text; the value is None if the text has none.

    Also accepts “role:web”, as in older links and saved views.
    """
    sign = "=" if "=" in text else ":"
    key, has_value, value = text.partition(sign)
    return key.strip(), value.strip() if has_value else None


def has_tag(tags: dict[str, Any], text: str) -> bool:
    """“web”: a tag of that name that is not false, or a group in `groups`.

    “role=web”: that value.
    """
    key, value = parse_tag(text)
    if value is not None:
        return value in map(value_text, values_of(tags.get(key)))
    return tags.get(key, False) is not False or key in values_of(tags.get("groups"))


def values_of(value: Any) -> list[Any]:
    """A tag's values as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def value_text(value: Any) -> str:
    """A value as text: true, 5, web."""
    return value if isinstance(value, str) else json.dumps(value)
