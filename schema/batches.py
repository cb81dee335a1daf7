"""Rows in batches for one statement each."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

ROWS_AT_ONCE = 500
# MariaDB's default limit of a statement (max_allowed_packet) is 16 MB.
CHARACTERS_AT_ONCE = 2_000_000

Row = TypeVar("Row")


def in_batches(rows: Iterable[Row], values: Callable[[Row], Any]) -> Iterator[list[Row]]:
    """Lists of at most ROWS_AT_ONCE rows, and not more text than a statement takes.

    `values` gives whatever of a row may be long.
    """
    batch: list[Row] = []
    length = 0
    for row in rows:
        size = len(repr(values(row)))
        if batch and (len(batch) == ROWS_AT_ONCE or length + size > CHARACTERS_AT_ONCE):
            yield batch
            batch, length = [], 0
        batch.append(row)
        length += size
    if batch:
        yield batch
