"""The queue: only what an operator can read something from."""

from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from audit.console import (
    HistoryAdmin,
)

for _model in (Success, Failure, Schedule, OrmQ):
    if admin.site.is_registered(_model):  # OrmQ is not, where Redis carries the wake-ups
        admin.site.unregister(_model)


@admin.register(Failure)
class FailureAdmin(HistoryAdmin):
    """Wake-ups that ended in an error of ours; a failed playbook is a job, not one of these."""

    list_display = ["name", "func", "started", "stopped", "attempt_count"]
    search_fields = ["name", "func"]
    fields = ["name", "func", "args", "kwargs", "started", "stopped", "attempt_count", "result"]


@admin.register(Schedule)
class ScheduleAdmin(HistoryAdmin):
    list_display = ["name", "func", "schedule_type", "minutes", "next_run"]
    fields = ["name", "func", ("schedule_type", "minutes"), "next_run", "repeats"]
