"""Filters that tickets adds to the list of jobs."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from automation.models import Job

from .models import TicketOccurrence


class OwnerFilter(DropdownFilter):
    """Failed jobs on unassigned tickets."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("nobody", "Failed, unassigned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() != "nobody":
            return queryset
        return queryset.filter(pk__in=TicketOccurrence.objects.of_nobody().values("job"))
