"""Template filters for a server's facts and variables."""

import json
from typing import Any

from django import template

from inventory.readable_facts import Rows, group_facts

register = template.Library()


@register.filter
def readable(facts: dict[str, Any]) -> list[tuple[str, Rows]]:
    return group_facts(facts)


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


@register.filter
def as_value(value: Any) -> str:
    """A variable's value: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
