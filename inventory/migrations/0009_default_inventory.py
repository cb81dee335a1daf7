from django.db import migrations
from django.db.models import F


def make_default_inventory(apps, schema_editor):
    """All servers there are belong to it, under the names they have.

    With servers it is an earlier release's database, whose runs see only the environments of their
    servers, each a group: that stays so.
    """
    Inventory = apps.get_model("inventory", "Inventory")
    Server = apps.get_model("inventory", "Server")
    servers = Server.objects.filter(inventory=None)
    default = Inventory.objects.create(
        name="default", is_default=True, separates_environments=servers.exists()
    )
    # Nobody edits: updated_at stays.
    servers.update(inventory=default, inventory_name=F("hostname"), updated_at=F("updated_at"))


def remove_default_inventory(apps, schema_editor):
    apps.get_model("inventory", "Server").objects.update(
        inventory=None, inventory_name="", updated_at=F("updated_at")
    )
    apps.get_model("inventory", "Inventory").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0008_inventories"),
    ]

    operations = [
        migrations.RunPython(make_default_inventory, remove_default_inventory),
    ]
