from django.db import migrations, models

import inventory.models.credential_scope


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_credentials"),
    ]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="allowed_servers",
            field=models.ManyToManyField(
                blank=True,
                help_text="And on these, whatever their environment. With neither, it is used nowhere.",
                related_name="allowed_credentials",
                to="inventory.server",
                verbose_name="may be used on servers",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="environments",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="On every server of these environments.",
                validators=[inventory.models.credential_scope.validate_environments],
                verbose_name="may be used in environments",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="roles",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="Admins may always use it.",
                validators=[inventory.models.credential_scope.validate_roles],
                verbose_name="may be used by",
            ),
        ),
    ]
