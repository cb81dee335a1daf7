"""Numbers that no database's JSON holds: whole ones of more than 64 bits, infinity, NaN."""

import math
from typing import Any

from schema.fields import has_inexact_number

INTEGER, FLOAT = "$integer", "$float"
TYPES = {INTEGER: int, FLOAT: float}


def kept_exactly(value: Any) -> Any:
    """A copy in which such numbers are texts that say their type: {"$integer": "123…"}."""
    if isinstance(value, dict):
        return {name: kept_exactly(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kept_exactly(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {FLOAT: str(value)}
    return {INTEGER: str(value)} if has_inexact_number(value) else value


def as_numbers(value: Any) -> Any:
    """A copy in which they are numbers again."""
    if isinstance(value, dict):
        (name, *more) = value or [""]
        if name in TYPES and not more and isinstance(value[name], str):
            return TYPES[name](value[name])
        return {name: as_numbers(item) for name, item in value.items()}
    return [as_numbers(item) for item in value] if isinstance(value, list) else value
