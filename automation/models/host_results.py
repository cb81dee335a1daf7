"""host_results: what each task did on a run's hosts without a job: the controller, added ones."""

from typing import Self

from django.db import models
from django.db.models import Case, Count, Q, Value, When

from .results import ResultColumns
from .runs import Run

FAILURES = (ResultColumns.Status.FAILED, ResultColumns.Status.UNREACHABLE)


class HostResultQuerySet(models.QuerySet["HostResult"]):
    def for_list(self) -> Self:
        """Defer the whole results, which are read one at a time, and add `has_result`."""
        has_result = Case(When(result="", then=Value(False)), default=Value(True))
        return self.defer("result").annotate(has_result=has_result).order_by("number")

    def failed(self) -> Self:
        return self.filter(status__in=FAILURES)

    def hosts(self) -> dict[str, dict[str, int]]:
        """{host: {status: number of results}}, in the order in which the hosts came."""
        rows = self.order_by().values_list("host", "status")
        counted = rows.annotate(Count("id"), models.Min("number"))
        found: dict[str, dict[str, int]] = {}
        for host, status, count, _first in sorted(counted, key=lambda row: row[3]):
            found.setdefault(host, {})[status] = count
        return found


class HostResult(ResultColumns):
    """As a task's result on a server; `number` counts within the run."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="host_results", db_index=False)
    # As Ansible calls it; it may be in no inventory.
    host = models.CharField(max_length=255)

    objects = HostResultQuerySet.as_manager()

    class Meta:
        db_table = "host_results"
        ordering = ["run_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="idx_hostresults_run_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="ck_hostresults_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.task} on {self.host}"
