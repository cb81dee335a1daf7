"""The schema as it really is in the database, whatever models and migrations say."""

from django.db.backends.base.base import BaseDatabaseWrapper

from . import live_mysql, live_sqlite
from .tables import ForeignKey, Table

READERS = {"mysql": live_mysql, "sqlite": live_sqlite}


def live_schema(connection: BaseDatabaseWrapper) -> dict[str, Table]:
    """Every table by name. MariaDB is described in the same terms as MySQL."""
    return READERS[connection.vendor].tables(connection)


def foreign_keys(connection: BaseDatabaseWrapper) -> dict[str, list[ForeignKey]]:
    """Only the foreign keys, by table: one query, about a millisecond."""
    return READERS[connection.vendor].foreign_keys(connection)
