"""Links to the lists of jobs and runs, filtered as their own filters would."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone


def jobs_url(
    status: str = "", start: datetime | None = None, end: datetime | None = None, **filters: Any
) -> str:
    """The list of jobs created from `start` until before `end`."""
    query: dict[str, Any] = {"status__exact": status} if status else {}
    for name, moment in (("from", start), ("to", end)):
        if moment is not None:
            local = timezone.localtime(moment)
            query[f"created_at_{name}_0"] = f"{local:%Y-%m-%d}"
            query[f"created_at_{name}_1"] = f"{local:%H:%M:%S}"
    return f"{reverse('admin:automation_job_changelist')}?{urlencode({**query, **filters})}"


def runs_url(**filters: Any) -> str:
    return f"{reverse('admin:automation_run_changelist')}?{urlencode(filters, doseq=True)}"
