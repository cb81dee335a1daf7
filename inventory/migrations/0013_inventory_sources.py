import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import inventory.models.inventories
import inventory.models.sources
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0012_groups_of_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InventorySource",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(help_text="Unique in its inventory.", max_length=80),
                ),
                (
                    "kind",
                    schema.fields.EnumField(
                        choices=[("path", "File or folder"), ("upload", "Upload")],
                        db_default="path",
                        default="path",
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        help_text="A file, folder, script or plugin configuration in the playbook folder, such as inventories/production.",
                        max_length=500,
                    ),
                ),
                (
                    "content",
                    schema.fields.EncryptedTextField(
                        blank=True,
                        default="",
                        editable=False,
                        verbose_name="uploaded inventory",
                    ),
                ),
                (
                    "format",
                    schema.fields.EnumField(
                        blank=True,
                        choices=[("ini", "INI"), ("yaml", "YAML"), ("toml", "TOML")],
                        db_default="",
                        default="",
                    ),
                ),
                (
                    "environment",
                    models.CharField(
                        blank=True,
                        help_text="Of new servers, such as production. The console's default if empty.",
                        max_length=50,
                    ),
                ),
                (
                    "pass_environment",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Names of the worker's environment variables that its script or plugin may see, such as cloud credentials.",
                        validators=[inventory.models.sources.validate_environment_names],
                        verbose_name="environment variables",
                    ),
                ),
                (
                    "syncs",
                    schema.fields.EnumField(
                        choices=[
                            ("by_hand", "By hand"),
                            ("on_change", "When it changes"),
                            ("by_interval", "At an interval"),
                        ],
                        db_default="by_hand",
                        default="by_hand",
                        verbose_name="synced",
                    ),
                ),
                (
                    "interval_minutes",
                    models.IntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(14400),
                        ],
                        verbose_name="interval in minutes",
                    ),
                ),
                ("digest", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "synced_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last synced"),
                ),
                (
                    "state",
                    schema.fields.EnumField(
                        choices=[
                            ("new", "Never synced"),
                            ("synced", "Synced"),
                            ("failed", "Failed"),
                        ],
                        db_default="new",
                        default="new",
                        editable=False,
                    ),
                ),
                ("message", models.TextField(blank=True, editable=False)),
                (
                    "is_active",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Inactive sources are not synced. What they own stays as it is.",
                        verbose_name="active",
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
                        related_name="sources",
                        to="inventory.inventory",
                    ),
                ),
            ],
            options={
                "db_table": "inventory_sources",
                "ordering": ["inventory", "name"],
                "permissions": [("sync_inventorysource", "Can sync inventory sources")],
            },
        ),
        migrations.AddConstraint(
            model_name="inventorysource",
            constraint=models.UniqueConstraint(
                fields=("inventory", "name"),
                name="uq_inventory_sources_name",
                violation_error_message="The inventory already has a source of this name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="inventorysource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("interval_minutes", None), ("interval_minutes__gte", 1), _connector="OR"
                ),
                name="ck_inventory_sources_interval",
                violation_error_message="The interval is at least one minute.",
            ),
        ),
        migrations.AddField(
            model_name="server",
            name="source",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="servers",
                to="inventory.inventorysource",
            ),
        ),
        migrations.AddField(
            model_name="server",
            name="missing_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="server",
            name="was_active",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="servergroup",
            name="source",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="groups",
                to="inventory.inventorysource",
            ),
        ),
        migrations.AddField(
            model_name="servergroupmember",
            name="source",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="members",
                to="inventory.inventorysource",
            ),
        ),
        migrations.CreateModel(
            name="VariableOverride",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    schema.fields.ExactCharField(max_length=255, verbose_name="variable"),
                ),
                ("value", models.JSONField(default=dict)),
                (
                    "replaced",
                    models.JSONField(blank=True, db_default={}, default=dict, editable=False),
                ),
                ("file", models.CharField(blank=True, editable=False, max_length=500)),
                (
                    "conflict",
                    schema.fields.EnumField(
                        blank=True,
                        choices=[
                            ("changed", "The source changed the value"),
                            ("removed", "The source removed the variable"),
                        ],
                        db_default="",
                        default="",
                        editable=False,
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
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="inventory.servergroup",
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="inventory.server",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "override",
                "db_table": "variable_overrides",
                "ordering": ["name", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="variableoverride",
            constraint=models.UniqueConstraint(
                fields=("server", "name"), name="uq_variable_overrides_server"
            ),
        ),
        migrations.AddConstraint(
            model_name="variableoverride",
            constraint=models.UniqueConstraint(
                fields=("group", "name"), name="uq_variable_overrides_group"
            ),
        ),
        migrations.AddConstraint(
            model_name="variableoverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group__isnull", False), ("server", None)),
                    models.Q(("group", None), ("server__isnull", False)),
                    _connector="OR",
                ),
                name="ck_variable_overrides_one",
                violation_error_message="Choose a server or a group.",
            ),
        ),
    ]
