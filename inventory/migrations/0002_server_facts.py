import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ServerFacts",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("facts", models.JSONField(db_default={}, default=dict)),
                ("gathered_at", models.DateTimeField()),
                (
                    "server",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="facts",
                        to="inventory.server",
                    ),
                ),
            ],
            options={
                "verbose_name": "server facts",
                "verbose_name_plural": "server facts",
                "db_table": "server_facts",
            },
        ),
    ]
