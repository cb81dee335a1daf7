import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

import inventory.models.inventories
import inventory.models.smart_groups
import inventory.validators
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0014_export_secrets"),
    ]

    operations = [
        migrations.CreateModel(
            name="SmartGroup",
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
                        help_text="Unique among all groups of the inventory.",
                        max_length=255,
                        validators=[inventory.validators.validate_group_name],
                    ),
                ),
                ("description", models.TextField(blank=True)),
                (
                    "filter",
                    models.JSONField(
                        default=dict,
                        help_text="A server has to match all criteria.",
                        validators=[inventory.models.smart_groups.validate_filter],
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
                (
                    "inventory",
                    models.ForeignKey(
                        default=inventory.models.inventories.default_inventory,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="smart_groups",
                        to="inventory.inventory",
                    ),
                ),
            ],
            options={
                "db_table": "smart_groups",
                "ordering": ["inventory", "name"],
            },
        ),
        migrations.AddConstraint(
            model_name="smartgroup",
            constraint=models.UniqueConstraint(
                fields=("inventory", "name"),
                name="uq_smart_groups_name",
                violation_error_message="The inventory already has a smart group of this name.",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="allowed_groups",
            field=models.ManyToManyField(
                blank=True,
                help_text="Usable on every server in these groups, and in the groups in them.",
                related_name="allowed_credentials",
                to="inventory.servergroup",
                verbose_name="usable in groups",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="allowed_inventories",
            field=models.ManyToManyField(
                blank=True,
                help_text="Usable on every server of these inventories.",
                related_name="allowed_credentials",
                to="inventory.inventory",
                verbose_name="usable in inventories",
            ),
        ),
        migrations.AlterField(
            model_name="credential",
            name="allowed_servers",
            field=models.ManyToManyField(
                blank=True,
                help_text="Usable on these servers in any environment.",
                related_name="allowed_credentials",
                to="inventory.server",
                verbose_name="usable on servers",
            ),
        ),
    ]
