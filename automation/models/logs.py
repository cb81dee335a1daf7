"""job_logs: the output of ansible-playbook, one row per line."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from schema.fields import EnumField

from .jobs import Job


class JobLog(models.Model):
    class Level(models.TextChoices):
        DEBUG = "debug", "Debug"
        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        ERROR = "error", "Error"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, models.CASCADE, related_name="logs", db_index=False)
    line_number = models.IntegerField()
    # As printed, with colours (ANSI escapes).
    content = models.TextField(blank=True)
    log_level = EnumField(choices=Level.choices, default=Level.INFO, db_default=Level.INFO.value)
    timestamp = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        db_table = "job_logs"
        verbose_name = "log line"
        ordering = ["job_id", "line_number"]
        indexes = [models.Index(fields=["timestamp"], name="idx_joblogs_timestamp")]
        constraints = [
            models.UniqueConstraint(fields=["job", "line_number"], name="idx_joblogs_job_line"),
            models.CheckConstraint(
                condition=models.Q(line_number__gte=1), name="ck_joblogs_line_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_number}: {self.content[:80]}"
