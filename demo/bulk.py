"""Insert many rows at once, deliberately bypassing the models' methods."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import connection, models, transaction

BATCH = 2_000


def insert(rows: Iterable[models.Model], model: type[models.Model]) -> int:
    """Insert the rows in batches, each in a transaction. Returns their number.

    Keys that are None are chosen by the database.
    """
    rows, count = iter(rows), 0
    while batch := list(islice(rows, BATCH)):
        _insert_batch(batch, model)
        count += len(batch)
    return count


def next_key(model: Any) -> int:
    """The first unused key. Callers assign keys, as not every database returns those it chose."""
    last = model._base_manager.aggregate(last=models.Max("pk"))["last"]
    return (last or 0) + 1


def _insert_batch(batch: list[models.Model], model: type[models.Model]) -> None:
    fields = [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and batch[0].pk is None)
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table = quote(model._meta.db_table)
    sql = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608  (our own names)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(sql, list(_values(batch, fields)))


def _values(batch: list[models.Model], fields: list[models.Field]) -> Iterator[list[Any]]:
    """Rows of values as the database wants them. Skips `pre_save`, to keep past times."""
    for row in batch:
        yield [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
