"""task_results: what each task did on a job's server, one row per task."""

import json
from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models import Case, Count, Min, Q, Value, When

from schema.fields import EnumField

from .jobs import Job

MESSAGE_LENGTH = 1000
DIFF_LENGTH = 100_000
# Characters of a whole result as JSON. Longer ones are cut, and marked.
RESULT_LENGTH = 50_000
# Counts of Ansible's recap: {name: (statuses, further conditions)}.
WENT_ON = ("ok", "changed", "ignored")
RECAP: dict[str, tuple[tuple[str, ...], dict[str, bool]]] = {
    "ok": (WENT_ON, {}),
    "changed": (WENT_ON, {"changed": True}),
    **{name: ((name,), {}) for name in ("unreachable", "failed", "skipped", "rescued", "ignored")},
}


class TaskResultQuerySet(models.QuerySet["TaskResult"]):
    def of_job(self, job: Job, after: int = 0) -> Self:
        """The job's results after number `after`, in the order in which they ended."""
        return self.for_list().filter(job=job, number__gt=after).order_by("number")

    def for_list(self) -> Self:
        """Defer the whole results, which are read one at a time, and add `has_result`."""
        has_result = Case(When(result="", then=Value(False)), default=Value(True))
        return self.defer("result").annotate(has_result=has_result)

    def slowest_first(self, limit: int) -> list["TaskResult"]:
        """The `limit` slowest. Finds their keys first, so that only these rows are read whole."""
        keys = list(self.order_by("-duration", "number").values_list("pk", flat=True)[:limit])
        found = TaskResult.objects.for_list().filter(pk__in=keys)
        return list(found.order_by("-duration", "number"))

    def failing_numbers(self, jobs: Collection[int]) -> dict[int, int]:
        """{job id: the number of its first failed result}, for those that have it in full."""
        failures = (TaskResult.Status.FAILED, TaskResult.Status.UNREACHABLE)
        failed = self.filter(job_id__in=jobs, status__in=failures).exclude(result="")
        rows = failed.order_by().values_list("job_id").annotate(first=Min("number"))
        return dict(rows)

    def counted_as(self, name: str) -> Self:
        """The results behind a number in the recap: "ok", "changed", "failed" …"""
        statuses, more = RECAP[name]
        return self.filter(status__in=statuses, **more)

    def counts(self) -> dict[str, int]:
        """The numbers of Ansible's recap for these results."""
        return self.aggregate(**_recap())

    def counts_by_job(self, jobs: Collection[int]) -> dict[int, dict[str, int]]:
        """{job id: the recap's numbers}, for those of the jobs that have results."""
        if not jobs:
            return {}
        # An annotation may not have the name of a column: "changed".
        named = {f"count_{name}": count for name, count in _recap().items()}
        rows = self.filter(job_id__in=jobs).order_by().values("job_id").annotate(**named)
        return {row["job_id"]: {name: row[f"count_{name}"] for name in _recap()} for row in rows}


def _recap() -> dict[str, Count]:
    """As Ansible counts: an ignored failure is also ok, and may be changed."""
    return {
        name: Count("id", filter=Q(status__in=statuses, **more))
        for name, (statuses, more) in RECAP.items()
    }


class ResultColumns(models.Model):
    """What a task did on a host."""

    class Status(models.TextChoices):
        OK = "ok", "Ok"
        CHANGED = "changed", "Changed"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        UNREACHABLE = "unreachable", "Unreachable"
        IGNORED = "ignored", "Ignored"
        RESCUED = "rescued", "Rescued"

    id = models.BigAutoField(primary_key=True)
    number = models.IntegerField()
    play = models.CharField(max_length=255, blank=True)
    task = models.CharField(max_length=255)
    action = models.CharField(max_length=255, blank=True)
    status = EnumField(choices=Status.choices)
    # True for some ignored failures too, which Ansible counts.
    changed = models.BooleanField(default=False, db_default=False)
    started_at = models.DateTimeField()
    duration = models.FloatField(help_text="In seconds, all items of a loop together.")
    # "roles/web/tasks/main.yml:12", relative to the playbook's project.
    path = models.CharField(max_length=500, blank=True)
    message = models.CharField(max_length=MESSAGE_LENGTH, blank=True)
    # Ansible's diff output (--diff), without colours.
    diff = models.TextField(blank=True)
    # Everything the module returned, as JSON, with secrets masked; empty for results of older
    # versions.
    result = models.TextField(blank=True)
    result_is_cut = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number}: {self.task}"

    @property
    def result_fields(self) -> list[tuple[str, str]]:
        """What the module returned, for display: (name, text or indented JSON)."""
        fields = json.loads(self.result) if self.result else {}
        return [(name, _readable(value)) for name, value in fields.items()]


class TaskResult(ResultColumns):
    job = models.ForeignKey(Job, models.CASCADE, related_name="task_results", db_index=False)

    objects = TaskResultQuerySet.as_manager()

    class Meta:
        db_table = "task_results"
        ordering = ["job_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="idx_taskresults_job_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="ck_taskresults_number"),
        ]


def _readable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
