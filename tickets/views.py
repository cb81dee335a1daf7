"""The buttons of a ticket's page: each calls one verb and leads back."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from audit.console import call_each, row_key

from .models import Ticket, assignees

workers_only = permission_required("tickets.work_ticket", raise_exception=True)
MOVES = {
    "start": ("In progress", "Was not open"),
    "resolve": ("Resolved", "Was done already"),
    "close": ("Closed", "Was closed already"),
    "reopen": ("Open again", "Was open"),
}


@require_POST
@workers_only
def ticket_move(request: HttpRequest, ticket_id: UUID, verb: str) -> HttpResponse:
    """Start, resolve, close or reopen, with the note that was typed beside the button."""
    ticket = get_object_or_404(Ticket, ticket_id=ticket_id)
    note = request.POST.get("note", "").strip()[:1000]
    more: dict[str, Any] = {"note": note} if note and verb != "start" else {}
    done, unchanged = MOVES[verb]
    call_each(
        request,
        [ticket],
        lambda ticket: getattr(ticket, verb)(request.user, **more),
        done=done,
        unchanged=unchanged,
    )
    return redirect(ticket)


@require_POST
@workers_only
def ticket_assign(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """To the `assignee` of the form; without one to nobody."""
    ticket = get_object_or_404(Ticket, ticket_id=ticket_id)
    chosen = request.POST.get("assignee", "")
    person = assignees().filter(pk=row_key(chosen)).first()
    if chosen and person is None:
        raise Http404("There is nobody of that number who works tickets.")
    call_each(
        request,
        [ticket],
        lambda ticket: ticket.assign(request.user, person),
        done=f"Assigned to {person or 'nobody'}",
        unchanged="Was that already",
    )
    return redirect(ticket)


@require_POST
@workers_only
def ticket_prioritise(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    ticket = get_object_or_404(Ticket, ticket_id=ticket_id)
    priority = request.POST.get("priority", "")
    call_each(
        request,
        [ticket],
        lambda ticket: ticket.prioritise(request.user, priority),
        done=f"Priority {priority}",
        unchanged="Had that priority",
    )
    return redirect(ticket)
