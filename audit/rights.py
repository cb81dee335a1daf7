"""What the database account of this process may do to the audit trail (MySQL and MariaDB)."""

from django.db.backends.base.base import BaseDatabaseWrapper

# An account that has one of these on the trail can change, delete or replace lines.
HARMFUL = frozenset({"UPDATE", "DELETE", "DROP", "ALTER", "TRIGGER"})

RIGHTS = """
    SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = %s
    UNION SELECT privilege_type FROM information_schema.schema_privileges
    WHERE grantee = %s AND DATABASE() LIKE table_schema
    UNION SELECT privilege_type FROM information_schema.table_privileges
    WHERE grantee = %s AND table_schema = DATABASE() AND table_name = 'audit_logs'
"""


def may_see_triggers(connection: BaseDatabaseWrapper) -> bool:
    """MySQL and MariaDB show triggers only to accounts that could drop them."""
    return connection.vendor == "sqlite" or "TRIGGER" in rights_on_trail(connection)


def rights_on_trail(connection: BaseDatabaseWrapper) -> frozenset[str]:
    """The account's rights on audit_logs: {"SELECT", "INSERT"}. Of SQLite, all harmful ones."""
    if connection.vendor == "sqlite":
        return HARMFUL
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        name, _, host = str(cursor.fetchone()[0]).rpartition("@")
        cursor.execute(RIGHTS, [f"'{name}'@'{host}'"] * 3)
        return frozenset(right for (right,) in cursor.fetchall())
