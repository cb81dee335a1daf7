import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("inventory", "0016_members_go_with_what_they_are"),
    ]

    operations = [
        migrations.AddField(
            model_name="inventorysource",
            name="progress",
            field=schema.fields.EnumField(
                choices=[
                    ("idle", "Nothing going on"),
                    ("queued", "Waiting for a worker"),
                    ("running", "Running"),
                ],
                db_default="idle",
                default="idle",
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="progress_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="sync_cause",
            field=schema.fields.EnumField(
                choices=[
                    ("by_hand", "by hand"),
                    ("changed", "because it changed"),
                    ("schedule", "on schedule"),
                ],
                db_default="by_hand",
                default="by_hand",
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="is_dry_run",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="asked_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="expected_digest",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="sync_token",
            field=models.CharField(
                blank=True, editable=False, max_length=36, null=True, unique=True
            ),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="plan",
            field=schema.fields.JSONShapeField(
                blank=True, db_default={}, default=dict, editable=False
            ),
        ),
        migrations.AddField(
            model_name="inventorysource",
            name="seen_glance",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
    ]
