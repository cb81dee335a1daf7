"""The queue: only what an operator can read something from."""

from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from audit.console import HistoryAdmin, Narrow

for _model in (Success, Failure, Schedule, OrmQ):
    if admin.site.is_registered(_model):  # OrmQ is not, where Redis carries the wake-ups
        admin.site.unregister(_model)


@admin.register(Failure)
class FailureAdmin(HistoryAdmin):
    """Wake-ups that ended in an error of ours; a failed playbook is a job, not one of these."""

    list_display = ["name", "func", "started", "stopped", "attempt_count"]
    cell_filters = {"func": Narrow("func__exact", "func")}
    when_empty = "Nothing to do: each wake-up of a worker went well."
    search_fields = ["name", "func"]
    fields = ["name", "func", "args", "kwargs", "started", "stopped", "attempt_count", "result"]


@admin.register(Schedule)
class ScheduleAdmin(HistoryAdmin):
    list_display = ["name", "func", "schedule_type", "minutes", "next_run"]
    when_empty = "They are made by manage.py migrate, and a worker keeps to them."
    fields = ["name", "func", ("schedule_type", "minutes"), "next_run", "repeats"]
