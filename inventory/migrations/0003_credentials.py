import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

import inventory.validators
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0002_server_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                ("description", models.TextField(blank=True)),
                (
                    "ssh_user",
                    models.CharField(
                        blank=True,
                        help_text="Empty: each server's own.",
                        max_length=80,
                        validators=[inventory.validators.validate_login],
                        verbose_name="SSH user",
                    ),
                ),
                (
                    "ssh_private_key",
                    schema.fields.EncryptedTextField(
                        blank=True, default="", editable=False, verbose_name="SSH private key"
                    ),
                ),
                (
                    "ssh_key_passphrase",
                    schema.fields.EncryptedTextField(
                        blank=True, default="", editable=False, verbose_name="passphrase of the key"
                    ),
                ),
                (
                    "ssh_password",
                    schema.fields.EncryptedTextField(
                        blank=True, default="", editable=False, verbose_name="SSH password"
                    ),
                ),
                (
                    "become_method",
                    models.CharField(
                        blank=True,
                        help_text="How rights are raised: sudo, su … Empty: as the playbook says.",
                        max_length=80,
                        validators=[inventory.validators.validate_become_method],
                    ),
                ),
                (
                    "become_user",
                    models.CharField(
                        blank=True,
                        help_text="Empty: as the playbook says, else root.",
                        max_length=80,
                        validators=[inventory.validators.validate_login],
                    ),
                ),
                (
                    "become_password",
                    schema.fields.EncryptedTextField(
                        blank=True, default="", editable=False, verbose_name="become password"
                    ),
                ),
                (
                    "environment",
                    schema.fields.EncryptedJSONField(
                        blank=True, default="", editable=False, verbose_name="environment variables"
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Without it, no run can use it.",
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
            ],
            options={
                "db_table": "credentials",
                "ordering": ["name"],
                "permissions": [("use_credential", "Can name a credential at a launch")],
            },
        ),
        migrations.AddField(
            model_name="server",
            name="credential",
            field=models.ForeignKey(
                blank=True,
                help_text="How Ansible logs in. With an SSH key or password, in place of the key file.",
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="servers",
                to="inventory.credential",
            ),
        ),
    ]
