import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

import inventory.validators
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0007_sealed_variables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Inventory",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    schema.fields.ExactCharField(
                        help_text="Unique; “Web” and “web” are two inventories. Its servers are called "
                        "name@inventory, those of the default inventory just by their names.",
                        max_length=80,
                        unique=True,
                        validators=[inventory.validators.validate_inventory_name],
                    ),
                ),
                ("description", models.TextField(blank=True)),
                (
                    "is_default",
                    models.BooleanField(default=None, editable=False, null=True, unique=True),
                ),
                (
                    "separates_environments",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Each environment is an Ansible group (hosts: production), and "
                        "a run sees only the environments of its servers. Otherwise it sees the "
                        "whole inventory.",
                        verbose_name="separate environments",
                    ),
                ),
                (
                    "created_at",
                    schema.fields.CreatedAtField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    schema.fields.UpdatedAtField(
                        auto_now=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "inventories",
                "db_table": "inventories",
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="server",
            name="inventory",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="servers",
                to="inventory.inventory",
            ),
        ),
        migrations.AddField(
            model_name="server",
            name="inventory_name",
            field=schema.fields.ExactCharField(
                default="",
                editable=False,
                max_length=255,
                validators=[inventory.validators.validate_host_name],
            ),
        ),
        migrations.AddField(
            model_name="server",
            name="position",
            field=models.IntegerField(db_default=2147483647, default=2147483647, editable=False),
        ),
        migrations.AlterField(
            model_name="server",
            name="hostname",
            field=models.CharField(
                help_text="Unique. In the default inventory its name in Ansible, in any other "
                "name@inventory: web1@staging.",
                max_length=255,
                unique=True,
            ),
        ),
    ]
