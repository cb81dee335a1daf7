import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import schema.fields


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_help_texts"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="must_change_password",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="apikey",
            name="noticed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("session_key", models.CharField(editable=False, max_length=40, unique=True)),
                (
                    "ip_address",
                    models.CharField(blank=True, max_length=45, verbose_name="address"),
                ),
                ("user_agent", models.CharField(blank=True, max_length=255)),
                (
                    "created_at",
                    schema.fields.CreatedAtField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="logged in",
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        verbose_name="last active",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "sessions",
                "ordering": ["-last_seen_at", "-id"],
                "permissions": [
                    ("view_own_session", "Can see and end one's own sessions"),
                    ("end_session", "Can end other users' sessions"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FailedAttempts",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    schema.fields.EnumField(
                        choices=[
                            ("login", "Login"),
                            ("password", "Password"),
                            ("api-key", "API key"),
                        ]
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="user name or key")),
                ("address", models.CharField(blank=True, max_length=45)),
                (
                    "count",
                    models.PositiveIntegerField(default=0, verbose_name="failures in a row"),
                ),
                ("untold", models.IntegerField(default=0)),
                ("refused", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "last_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last attempt"
                    ),
                ),
                ("blocked_until", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "failed attempts",
                "verbose_name_plural": "failed attempts",
                "db_table": "failed_attempts",
                "ordering": ["-last_at"],
                "permissions": [("clear_failedattempts", "Can end the wait after failed attempts")],
                "indexes": [
                    models.Index(fields=["kind", "last_at"], name="idx_failed_attempts_kind"),
                    models.Index(fields=["last_at"], name="idx_failed_attempts_last"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "name", "address"), name="uq_failed_attempts_who"
                    )
                ],
            },
        ),
    ]
