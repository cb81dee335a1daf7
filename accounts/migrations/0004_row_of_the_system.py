from itertools import chain, count

from django.contrib.auth.hashers import make_password
from django.db import migrations
from django.db.models import Q

DOMAIN = "infraops.invalid"


def make_system(apps, schema_editor):
    """Under a name that no person has."""
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    if users.filter(is_system=True).exists():
        return
    for name in chain(["system", "infraops-system"], (f"infraops-system-{n}" for n in count(2))):
        names = {"username": name, "email": f"{name}@{DOMAIN}"}
        if not users.filter(Q(**names, _connector=Q.OR)).exists():
            break
    users.create(**names, password=make_password(None), is_system=True, is_active=False)


def remove_system(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    users.filter(is_system=True).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_system_user"),
    ]

    operations = [
        migrations.RunPython(make_system, remove_system),
    ]
