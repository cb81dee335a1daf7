from django.db import migrations

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0004_relaunch_and_deadlines"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="outcome",
            field=schema.fields.EnumField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("success", "Success"),
                ],
                db_default="",
                default="",
            ),
        ),
    ]
