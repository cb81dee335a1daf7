"""Add an index to look up how long a playbook usually takes on a server."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0004_relaunch_and_deadlines"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["server", "playbook", "status"], name="idx_jobs_server_playbook"
            ),
        ),
    ]
