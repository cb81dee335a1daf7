from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0015_controller_and_added_hosts"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="chosen_by",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]
