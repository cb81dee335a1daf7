import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

import inventory.host_variables
import inventory.models.inventories
import inventory.validators
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0010_servers_have_inventories"),
    ]

    operations = [
        migrations.AddField(
            model_name="server",
            name="imported_variables",
            field=models.JSONField(blank=True, db_default=[], default=list, editable=False),
        ),
        migrations.AddField(
            model_name="server",
            name="variable_files",
            field=models.JSONField(blank=True, db_default=[], default=list, editable=False),
        ),
        migrations.AlterField(
            model_name="server",
            name="ip_address",
            field=models.CharField(
                blank=True,
                help_text="IPv4 or IPv6 address that Ansible connects to. Without one, it connects to the server's name.",
                max_length=45,
                validators=[django.core.validators.validate_ipv46_address],
                verbose_name="IP address",
            ),
        ),
        migrations.AlterField(
            model_name="server",
            name="tags",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="To filter by, and to choose servers at a launch: role=web, canary.",
                validators=[inventory.validators.validate_tags],
            ),
        ),
        migrations.AlterField(
            model_name="server",
            name="variables",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="Host variables, as in the inventory. Secrets are encrypted.",
                validators=[inventory.validators.validate_object],
            ),
        ),
        migrations.CreateModel(
            name="ServerGroup",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "variable_files",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "imported_variables",
                    models.JSONField(blank=True, db_default=[], default=list, editable=False),
                ),
                (
                    "sealed_with",
                    models.SmallIntegerField(
                        db_default=0, default=inventory.host_variables.current_list, editable=False
                    ),
                ),
                (
                    "name",
                    schema.fields.ExactCharField(
                        help_text="Unique in its inventory; “Web” and “web” are two groups. “all” is for the variables of all servers.",
                        max_length=255,
                        validators=[inventory.validators.validate_group_name],
                    ),
                ),
                ("description", models.TextField(blank=True)),
                (
                    "variables",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="Variables of the group, as in the inventory itself. Secrets are encrypted.",
                        validators=[inventory.validators.validate_object],
                    ),
                ),
                (
                    "priority",
                    models.IntegerField(
                        db_default=1,
                        default=1,
                        help_text="ansible_group_priority: of groups at the same depth, the variables of the one with the highest priority win.",
                    ),
                ),
                (
                    "position",
                    models.IntegerField(db_default=2147483647, default=2147483647, editable=False),
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
                        related_name="groups",
                        to="inventory.inventory",
                    ),
                ),
            ],
            options={
                "verbose_name": "group",
                "db_table": "server_groups",
                "ordering": ["inventory", "name"],
            },
        ),
        migrations.CreateModel(
            name="ServerGroupMember",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.IntegerField(db_default=2147483647, default=2147483647, editable=False),
                ),
                (
                    "child",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="inventory.servergroup",
                        verbose_name="group",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="inventory.servergroup",
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="inventory.server",
                    ),
                ),
            ],
            options={
                "verbose_name": "member of a group",
                "verbose_name_plural": "members of groups",
                "db_table": "server_group_members",
                "ordering": ["group", "position", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="servergroup",
            index=models.Index(fields=["sealed_with"], name="idx_server_groups_sealed_with"),
        ),
        migrations.AddConstraint(
            model_name="servergroup",
            constraint=models.UniqueConstraint(
                fields=("inventory", "name"),
                name="uq_server_groups_name",
                violation_error_message="The inventory already has a group of this name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="servergroupmember",
            constraint=models.UniqueConstraint(
                fields=("group", "server"), name="uq_server_group_members_server"
            ),
        ),
        migrations.AddConstraint(
            model_name="servergroupmember",
            constraint=models.UniqueConstraint(
                fields=("group", "child"), name="uq_server_group_members_child"
            ),
        ),
        migrations.AddConstraint(
            model_name="servergroupmember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("child__isnull", False), ("server", None)),
                    models.Q(("child", None), ("server__isnull", False)),
                    _connector="OR",
                ),
                name="ck_server_group_members_one",
                violation_error_message="Choose a server or a group.",
            ),
        ),
    ]
