from django.db import migrations, models

import automation.models.option_rules
import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0012_run_logs_and_whole_results"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="playbook",
            options={
                "ordering": ["name"],
                "permissions": [
                    ("launch_playbook", "Can launch playbooks"),
                    ("accept_playbook", "Can accept a changed file"),
                    ("set_reserved_option", "Can set launch options that are reserved for admins"),
                ],
            },
        ),
        migrations.AddField(
            model_name="playbook",
            name="option_rules",
            field=schema.fields.JSONShapeField(
                blank=True,
                db_default={},
                default=dict,
                validators=[automation.models.option_rules.validate_option_rules],
                verbose_name="who may set launch options",
            ),
        ),
        migrations.AddField(
            model_name="playbook",
            name="accepts_undeclared",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A launch may pass any variable, except those that control Ansible itself.",
                verbose_name="accepts undeclared variables",
            ),
        ),
    ]
