from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0014_undeclared_of_earlier_playbooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="chosen_by",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]
