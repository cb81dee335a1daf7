import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0002_task_results"),
        ("inventory", "0003_credentials"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="credential",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="runs",
                to="inventory.credential",
            ),
        ),
        migrations.CreateModel(
            name="VaultPassword",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "vault_id",
                    models.CharField(
                        db_default="default",
                        default="default",
                        help_text="As in ansible-vault's --vault-id; “default” where none was given.",
                        max_length=50,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9_][\\w.-]*\\Z",
                                "A vault id has letters, digits, “_”, “.” and “-”: prod, team.web.",
                            )
                        ],
                    ),
                ),
                (
                    "password",
                    schema.fields.EncryptedTextField(blank=True, default="", editable=False),
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
                    "playbook",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="vault_passwords",
                        to="automation.playbook",
                    ),
                ),
            ],
            options={
                "db_table": "vault_passwords",
                "ordering": ["playbook", "vault_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("playbook", "vault_id"), name="uq_vaultpasswords_id"
                    )
                ],
            },
        ),
    ]
