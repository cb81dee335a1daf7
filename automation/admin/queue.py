"""The parts of the queue that tell an operator something."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.contrib.filters.admin import DropdownFilter

from automation.models import Worker
from automation.models.workers import WorkerQuerySet
from console.lists import HistoryAdmin, Narrow

for _model in (Success, Failure, Schedule, OrmQ):
    if admin.site.is_registered(_model):  # OrmQ is not registered if wake-ups go through Redis
        admin.site.unregister(_model)


@admin.register(Failure)
class FailureAdmin(HistoryAdmin):
    """Wake-ups that failed because of a bug; a failed playbook is a failed job instead."""

    list_display = ["name", "func", "started", "stopped", "attempt_count"]
    cell_filters = {"func": Narrow("func__exact", "func")}
    when_empty = "No wake-up has failed."
    search_fields = ["name", "func"]
    search_help_text = "Name or function"
    fields = ["name", "func", "args", "kwargs", "started", "stopped", "attempt_count", "result"]


@admin.register(Schedule)
class ScheduleAdmin(HistoryAdmin):
    list_display = ["name", "func", "schedule_type", "minutes", "next_run"]
    when_empty = "manage.py migrate creates them."
    fields = ["name", "func", ("schedule_type", "minutes"), "next_run", "repeats"]


class AliveFilter(DropdownFilter):
    title = "state"
    parameter_name = "alive"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Alive")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Worker]) -> QuerySet[Worker]:
        return cast(WorkerQuerySet, queryset).alive() if self.value() == "yes" else queryset


@admin.register(Worker)
class WorkerAdmin(HistoryAdmin):
    """Worker processes, including those that ended in the last day."""

    list_display = ["host", "pid", "is_alive", "seen_at"]
    list_before_template = "automation/workers/_queue_links.html"
    list_filter = [AliveFilter]
    cell_filters = {"host": Narrow("host__exact", "host")}
    search_fields = ["host"]
    search_help_text = "Host"
    ordering = ["-seen_at"]
    fields = ["host", "pid", "seen_at"]
    when_empty = "No worker has run in the last day. Start one: manage.py run_worker"

    @admin.display(description="alive", boolean=True)
    def is_alive(self, worker: Worker) -> bool:
        return worker.is_alive
