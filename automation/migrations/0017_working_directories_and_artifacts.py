import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0016_chosen_by"),
    ]

    operations = [
        migrations.AddField(
            model_name="playbook",
            name="working_directory",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where its runs start, as a path in the playbook folder; “.” is that folder. Empty: the nearest folder with an ansible.cfg, from the playbook's own upwards.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="working_directory",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="run",
            name="ansible_config",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="run",
            name="artifact_count",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="artifacts_note",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.CreateModel(
            name="RunArtifact",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.IntegerField()),
                ("path", models.CharField(max_length=500)),
                ("size", models.BigIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="artifacts",
                        to="automation.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "artifact",
                "db_table": "run_artifacts",
                "ordering": ["run_id", "number"],
                "permissions": [("download_runartifact", "Can download artifacts of runs")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "number"), name="uq_run_artifacts_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="ck_run_artifacts_number"
                    ),
                ],
            },
        ),
    ]
