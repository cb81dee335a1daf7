"""Numbers that no database's JSON holds: whole ones of more than 64 bits, infinity, NaN."""

import math
import re
from collections.abc import Callable, Collection
from typing import Any

from schema.fields import has_inexact_number

INTEGER, FLOAT = "$integer", "$float"
# {type: (its reader, the texts that it reads)}
TYPES: dict[str, tuple[Callable[[str], Any], re.Pattern[str]]] = {
    INTEGER: (int, re.compile(r"-?[0-9]{1,4000}+")),
    FLOAT: (float, re.compile(r"-?inf|nan")),
}


def kept_exactly(value: Any) -> Any:
    """A copy in which such numbers are texts that say their type: {"$integer": "123…"}."""
    if isinstance(value, dict):
        return {name: kept_exactly(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kept_exactly(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {FLOAT: str(value)}
    return {INTEGER: str(value)} if has_inexact_number(value) else value


def as_numbers(value: Any, kinds: Collection[str] = (INTEGER, FLOAT)) -> Any:
    """A copy in which they are numbers again. JSON for others has whole ones only."""
    if isinstance(value, dict):
        (name, *more) = value or [""]
        if name in kinds and not more and isinstance(value[name], str):
            read, pattern = TYPES[name]
            return read(value[name]) if pattern.fullmatch(value[name]) else value
        return {name: as_numbers(item, kinds) for name, item in value.items()}
    return [as_numbers(item, kinds) for item in value] if isinstance(value, list) else value
