"""A server's tags as people and programs write them: “web”, or “role=web”.

Every list, filter, form, command and the API write a tag and read one in this form.
"""

import json
from typing import Any

# For placeholders and help texts.
TAG_EXAMPLES = "web or role=web"


def tag_text(key: str, value: Any = True) -> str:
    """One value of a tag: role=web, rack=7, old=false; just the key of one that is there."""
    return key if value is True else f"{key}={value_text(value)}"


def parse_tag(text: str) -> tuple[str, str | None]:
    """The key, and the value as a text; None where none is named. “role:web”, as earlier links and
    saved views have it, is understood too."""
    sign = "=" if "=" in text else ":"
    key, has_value, value = text.partition(sign)
    return key.strip(), value.strip() if has_value else None


def values_of(value: Any) -> list[Any]:
    """A tag's values: one, or a list of them."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def value_text(value: Any) -> str:
    """As one writes it: true, 5, web."""
    return value if isinstance(value, str) else json.dumps(value)
