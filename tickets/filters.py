"""Filters for the list of tickets."""

import django_filters.rest_framework as filters
from django.db.models import Q

from console.api.filters import ChoicesFilter, SearchFilter, TimeFilter, YesNoFilter
from inventory.filters import LowerCaseFilter

from .models import Ticket, TicketQuerySet


class TicketFilters(filters.FilterSet):
    status = ChoicesFilter(choices=Ticket.Status.choices)
    unresolved = YesNoFilter(method="still_open", label="Open or in progress")
    priority = ChoicesFilter(choices=Ticket.Priority.choices)
    assigned_to = LowerCaseFilter(field_name="assigned_to__username")
    created_by = LowerCaseFilter(field_name="created_by__username")
    job = filters.UUIDFilter(field_name="occurrences__job__job_id")
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")
    search = SearchFilter(method="found", label="Part of title or description")

    class Meta:
        model = Ticket
        fields: list[str] = []

    def still_open(self, tickets: TicketQuerySet, name: str, value: bool) -> TicketQuerySet:
        if value:
            return tickets.unresolved()
        return tickets.exclude(status__in=Ticket.UNRESOLVED)

    def found(self, tickets: TicketQuerySet, name: str, text: str) -> TicketQuerySet:
        return tickets.filter(Q(title__icontains=text) | Q(description__icontains=text))
