"""task_results: what each task did on a job's server, one row a task."""

from typing import Self

from django.db import models
from django.db.models import Count, Q

from schema.fields import EnumField

from .jobs import Job

MESSAGE_LENGTH = 1000
DIFF_LENGTH = 100_000

WENT_ON = ("ok", "changed", "ignored")
# What each number of Ansible's recap counts, in its order. An ignored failure may have changed
# something too, and is "ok" there.
COUNTED = {
    "ok": Q(status__in=WENT_ON),
    "changed": Q(status__in=WENT_ON, changed=True),
    **{name: Q(status=name) for name in ("unreachable", "failed", "skipped", "rescued", "ignored")},
}


class TaskResultQuerySet(models.QuerySet["TaskResult"]):
    def of_job(self, job: Job, after: int = 0) -> Self:
        """Those that follow number `after`, in the order in which they ended."""
        return self.filter(job=job, number__gt=after).order_by("number")

    def slowest_first(self, limit: int) -> list["TaskResult"]:
        """The `limit` that took longest. Their keys are found first, so that only these are read in
        full, differences and all."""
        keys = list(self.order_by("-duration", "number").values_list("pk", flat=True)[:limit])
        return list(TaskResult.objects.filter(pk__in=keys).order_by("-duration", "number"))

    def counted_as(self, name: str) -> Self:
        """Those behind one of the recap's numbers: "ok", "changed", "failed" …"""
        return self.filter(COUNTED[name])

    def counts(self) -> dict[str, int]:
        """The numbers that Ansible's recap has for these results."""
        return self.aggregate(**{name: Count("id", filter=of) for name, of in COUNTED.items()})


class TaskResult(models.Model):
    class Status(models.TextChoices):
        OK = "ok", "Ok"
        CHANGED = "changed", "Changed"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        UNREACHABLE = "unreachable", "Unreachable"
        IGNORED = "ignored", "Ignored"
        RESCUED = "rescued", "Rescued"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, models.CASCADE, related_name="task_results", db_index=False)
    number = models.IntegerField()
    play = models.CharField(max_length=255, blank=True)
    task = models.CharField(max_length=255)
    action = models.CharField(max_length=255, blank=True)
    status = EnumField(choices=Status.choices)
    # An ignored failure may have changed something too, and Ansible counts it.
    changed = models.BooleanField(default=False, db_default=False)
    started_at = models.DateTimeField()
    duration = models.FloatField(help_text="Seconds, all items of a loop together.")
    # "roles/web/tasks/main.yml:12", within the playbook's project.
    path = models.CharField(max_length=500, blank=True)
    message = models.CharField(max_length=MESSAGE_LENGTH, blank=True)
    # What Ansible showed of the difference (--diff), without colours.
    diff = models.TextField(blank=True)

    objects = TaskResultQuerySet.as_manager()

    class Meta:
        db_table = "task_results"
        ordering = ["job_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="idx_taskresults_job_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="ck_taskresults_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.task}"
