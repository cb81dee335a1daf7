"""Figures for the home page: the user's own and unassigned tickets."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.signed_in import signed_in
from automation.reports.list_links import jobs_url

from .models import Ticket, urgency

SHOWN = 8
# How many own and unassigned tickets are read. Own ones come first, and hardly anyone has so many.
LOOKED_AT = 60


def open_tickets(request: HttpRequest, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of unresolved tickets, with the user's own and the unassigned ones."""
    user = signed_in(request)
    unassigned = Q(assigned_to=None, occurrences__isnull=False, occurrences__cleared_at=None)
    counts = Ticket.objects.unresolved().aggregate(
        all=Count("id", distinct=True),
        urgent=Count("id", filter=Q(priority__in=Ticket.URGENT), distinct=True),
        mine=Count("id", filter=Q(assigned_to=user), distinct=True),
        unassigned=Count("id", filter=Q(assigned_to=None), distinct=True),
        unassigned_jobs=Count("occurrences", filter=unassigned),
    )
    tickets_url = reverse("admin:tickets_ticket_changelist")
    return {
        "ticket_counts": counts,
        **_mine_and_unassigned(user),
        "tickets_url": f"{tickets_url}?queue=unresolved",
        "my_tickets_url": f"{tickets_url}?queue=mine",
        "unassigned_url": f"{tickets_url}?queue=nobody",
        "urgent_url": f"{tickets_url}?queue=urgent",
        "unassigned_jobs_url": jobs_url(owner="nobody"),
    }


def _mine_and_unassigned(user: User) -> dict[str, list[Any]]:
    mine_first = Case(
        When(assigned_to=user, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    tickets = list(
        Ticket.objects.unresolved()
        .filter(Q(assigned_to=user) | Q(assigned_to=None))
        .select_related("job")
        .defer("description", "job__error_message")
        .annotate(failed_jobs=Count("occurrences", filter=Q(occurrences__cleared_at=None)))
        .order_by(mine_first, urgency(), "id")[:LOOKED_AT]
    )
    return {
        "mine": [ticket for ticket in tickets if ticket.assigned_to_id][:SHOWN],
        "unassigned": [ticket for ticket in tickets if not ticket.assigned_to_id][:SHOWN],
    }
