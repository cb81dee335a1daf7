"""The schema as it is in the database, whatever models and migrations say."""

from django.db.backends.base.base import BaseDatabaseWrapper

from . import live_mysql, live_sqlite
from .tables import ForeignKey, Table

READERS = {"mysql": live_mysql, "sqlite": live_sqlite}


def live_schema(connection: BaseDatabaseWrapper) -> dict[str, Table]:
    """Every table of the database, by name. MariaDB is read as MySQL is."""
    return READERS[connection.vendor].tables(connection)


def foreign_keys(connection: BaseDatabaseWrapper) -> dict[str, list[ForeignKey]]:
    """The foreign keys alone, by table: one query, about a millisecond."""
    return READERS[connection.vendor].foreign_keys(connection)
