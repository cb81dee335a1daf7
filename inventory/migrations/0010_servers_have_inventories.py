import django.db.models.deletion
from django.db import migrations, models

import inventory.models.inventories
import inventory.validators
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0009_default_inventory"),
    ]

    operations = [
        migrations.AlterField(
            model_name="server",
            name="inventory",
            field=models.ForeignKey(
                default=inventory.models.inventories.default_inventory,
                editable=False,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="servers",
                to="inventory.inventory",
            ),
        ),
        migrations.AlterField(
            model_name="server",
            name="inventory_name",
            field=schema.fields.ExactCharField(
                editable=False,
                max_length=255,
                validators=[inventory.validators.validate_host_name],
            ),
        ),
        migrations.AddConstraint(
            model_name="server",
            constraint=models.UniqueConstraint(
                fields=("inventory", "inventory_name"), name="uq_servers_inventory_name"
            ),
        ),
    ]
