from django.db import migrations

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0005_usual_durations"),
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
