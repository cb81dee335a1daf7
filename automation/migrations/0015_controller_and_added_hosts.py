import django.db.models.deletion
from django.db import migrations, models

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0014_undeclared_of_earlier_playbooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="playbook",
            name="runs_localhost",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A launch on some servers also runs the playbook's plays for localhost: on the worker itself, with the rights of its system user. A launch on a whole inventory always does, like ansible-playbook without --limit.",
                verbose_name="runs plays for localhost",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="whole_inventory",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="run",
            name="runs_localhost",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="run",
            name="other_hosts",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.CreateModel(
            name="HostResult",
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
                    models.FloatField(help_text="In seconds, all items of a loop together."),
                ),
                ("path", models.CharField(blank=True, max_length=500)),
                ("message", models.CharField(blank=True, max_length=1000)),
                ("diff", models.TextField(blank=True)),
                ("result", models.TextField(blank=True)),
                ("result_is_cut", models.BooleanField(db_default=False, default=False)),
                ("host", models.CharField(max_length=255)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="host_results",
                        to="automation.run",
                    ),
                ),
            ],
            options={
                "db_table": "host_results",
                "ordering": ["run_id", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "number"), name="idx_hostresults_run_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="ck_hostresults_number"
                    ),
                ],
            },
        ),
    ]
