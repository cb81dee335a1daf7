"""Jobs with what tickets know about them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from automation.admin.jobs import JobAdmin
from automation.models import Job

from .models import TicketOccurrence

admin.site.unregister(Job)


class OwnerFilter(DropdownFilter):
    """Failed jobs that nobody looks after."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("nobody", "Failed and nobody's")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() != "nobody":
            return queryset
        return queryset.filter(pk__in=TicketOccurrence.objects.of_nobody().values("job"))


@admin.register(Job)
class OwnedJobAdmin(JobAdmin):
    """Jobs that can be narrowed to those that need somebody."""

    list_filter: list[Any] = [*JobAdmin.list_filter, OwnerFilter]
