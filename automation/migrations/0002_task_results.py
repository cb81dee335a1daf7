import django.db.models.deletion
from django.db import migrations, models

import schema.fields


class Migration(migrations.Migration):
    dependencies = [("automation", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="TaskResult",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.IntegerField()),
                ("play", models.CharField(blank=True, max_length=255)),
                ("task", models.CharField(max_length=255)),
                ("action", models.CharField(blank=True, max_length=255)),
                (
                    "status",
                    schema.fields.EnumField(
                        choices=[
                            ("ok", "Ok"),
                            ("changed", "Changed"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                            ("unreachable", "Unreachable"),
                            ("ignored", "Ignored"),
                            ("rescued", "Rescued"),
                        ]
                    ),
                ),
                ("changed", models.BooleanField(db_default=False, default=False)),
                ("started_at", models.DateTimeField()),
                (
                    "duration",
                    models.FloatField(help_text="Seconds, all items of a loop together."),
                ),
                ("path", models.CharField(blank=True, max_length=500)),
                ("message", models.CharField(blank=True, max_length=1000)),
                ("diff", models.TextField(blank=True)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="task_results",
                        to="automation.job",
                    ),
                ),
            ],
            options={"db_table": "task_results", "ordering": ["job_id", "number"]},
        ),
        migrations.AddConstraint(
            model_name="taskresult",
            constraint=models.UniqueConstraint(
                fields=("job", "number"), name="idx_taskresults_job_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="taskresult",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="ck_taskresults_number"
            ),
        ),
    ]
