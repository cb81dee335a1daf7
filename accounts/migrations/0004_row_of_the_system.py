from itertools import chain, count

from django.contrib.auth.hashers import make_password
from django.db import migrations
from django.db.models import Q

DOMAIN = "infraops.invalid"


def make_system(apps, schema_editor):
    """Create it under a name that no person has."""
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    if users.filter(is_system=True).exists():
        return
    for name in chain(["system", "infraops-system"], (f"infraops-system-{n}" for n in count(2))):
        names = {"username": name, "email": f"{name}@{DOMAIN}"}
        if not users.filter(Q(**names, _connector=Q.OR)).exists():
            break
    users.create(**names, password=make_password(None), is_system=True, is_active=False)


def remove_system(apps, schema_editor):
    """Clear references to it, then delete it.

    SQLite does not enforce foreign keys during migrations: audit lines would point at a missing
    row, and no later migration would succeed.
    """
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    for system in users.filter(is_system=True):
        leave_alone(system.pk, schema_editor.connection)
        system.delete()


def leave_alone(user_id, connection):
    """Clear references in all tables, including those of apps unknown to this migration."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            relations = connection.introspection.get_relations(cursor, table)
            for column in [name for name, to in relations.items() if to[1] == "users"]:
                table_name, name = map(connection.ops.quote_name, (table, column))
                sql = f"UPDATE {table_name} SET {name} = NULL WHERE {name} = %s"  # noqa: S608
                cursor.execute(sql, [user_id])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_system_user"),
    ]

    operations = [
        migrations.RunPython(make_system, remove_system),
    ]
