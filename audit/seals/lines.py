"""The bytes of an audit line that a seal is made of, the same on every database.

They are the UTF-8 of a JSON array without spaces, keys sorted, other than ASCII escaped:

    [id, action, resource_type, resource_id, details, ip_address, user_agent, timestamp]

`user_id` is left out, as the database clears it when the user is deleted; `details` keep the
actor's id. The timestamp is UTC with microseconds, "2026-11-28 08:24:37.123456". Databases store
JSON differently (MySQL reorders keys and rewrites numbers), so `details` are parsed: of a repeated
key the last counts, whole numbers up to 2^53 are integers however they are written ("1.0"), and
integers beyond 64 bits are floats. What is not JSON, or is nested more than 100 levels deep, is
taken as text.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from math import isinf
from typing import Any

from django.db import OperationalError
from django.db.models import TextField
from django.db.models.functions import Cast

from audit.models import AuditLog

BATCH = 2_000
Row = tuple[Any, ...]
LOWEST = -(2**63)
DEEPEST = 100
EXACT = 2**53
# Columns in the order of the array; texts as the database has them, since a forged one may be
# anything.
COLUMNS = ("action", "resource_type", "resource_id", "json", "ip_address", "user_agent", "moment")


@dataclass(frozen=True, slots=True)
class ReadLine:
    """An audit line as far as a seal needs it; `sha256` is that of its bytes."""

    id: int
    user_id: int | None
    details: Any
    sha256: bytes


def read_lines(after: int, until: int | None = None) -> Iterator[ReadLine]:
    """The lines with after < id <= until, in order, in batches."""
    rows = AuditLog.objects.order_by("id").annotate(
        json=Cast("details", TextField()), moment=Cast("timestamp", TextField())
    )
    if until is not None:
        rows = rows.filter(id__lte=until)
    values = rows.values_list("id", "user_id", *COLUMNS)
    while batch := _rows(values.filter(id__gt=after)):
        yield from map(_read, batch)
        after = batch[-1][0]


def canonical(values: list[Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=repr).encode()


def parse_details(text: Any) -> Any:
    """The parsed JSON with its numbers normalised; the text itself if it cannot be parsed."""
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=str)
    except (ValueError, TypeError, RecursionError):
        return text
    if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(value):
        return text
    return value


def _rows(values: Any) -> list[Row]:
    """The next rows. SQLite stores texts that are no UTF-8, which Python cannot read."""
    try:
        return list(values[:BATCH])
    except OperationalError as error:
        if "decode" not in str(error).lower():
            raise
    keys = list(values.values_list("id", flat=True)[:BATCH])
    return [_row(values.filter(id=pk), pk) for pk in keys]


def _row(values: Any, pk: int) -> Row:
    """One row; without its values if it cannot be read."""
    try:
        return values.get()
    except OperationalError:
        return (pk, None, *(None for _ in COLUMNS))


def _read(row: Row) -> ReadLine:
    pk, user_id, action, kind, identity, text, address, agent, moment = row
    details = parse_details(text)
    values = [pk, action, kind, identity, details, address, agent, _moment(moment)]
    return ReadLine(pk, user_id, details, hashlib.sha256(canonical(values)).digest())


def _integer(text: str) -> Any:
    # Python refuses to read integers of thousands of digits.
    if len(text) <= 20 and -(2**63) <= (value := int(text)) < 2**64:
        return value
    return _float(text)


def _float(text: str) -> Any:
    value = float(text)
    if isinf(value):
        return text
    return int(value) if abs(value) < EXACT and value.is_integer() else value


def _moment(text: Any) -> Any:
    """SQLite leaves out zero microseconds, or has milliseconds."""
    try:
        return datetime.fromisoformat(text).isoformat(" ", "microseconds")
    except (ValueError, TypeError):
        return text


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        inner = (list(each.values()) if isinstance(each, dict) else each for each in level)
        level = [each for each in chain.from_iterable(inner) if isinstance(each, dict | list)]
        if not level:
            return False
    return True
