import django.db.models.deletion
from django.db import migrations, models

import automation.models.options


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0003_credentials"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="idle_deadline_seconds",
            field=models.IntegerField(
                blank=True,
                null=True,
                validators=[automation.models.options.validate_deadline],
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="relaunch_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="relaunches",
                to="automation.run",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="start_at_task",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                validators=[automation.models.options.validate_task_name],
            ),
        ),
    ]
