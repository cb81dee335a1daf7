"""A ticket's page and its buttons, each of which calls one verb and redirects back."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from automation.reports.run_servers import Target
from automation.views.runs import launchers_only, relaunch
from console.lists import call_each
from console.objects import row_key

from .forms import CommentForm
from .history import read_ticket_history
from .models import Ticket, TicketComment, assignees
from .moves import MOVES, list_moves
from .relaunching import newest_run_still_failing, servers_still_failing

OCCURRENCES = 50

workers_only = permission_required("tickets.work_ticket", raise_exception=True)


@require_safe
@permission_required("tickets.view_ticket", raise_exception=True)
def ticket_detail(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    ticket = _ticket(ticket_id)
    occurrences = ticket.occurrences.order_by("-id")
    related = occurrences.select_related("job__playbook", "job__server")
    shown = list(related[: OCCURRENCES + 1])
    may_work = request.user.has_perm("tickets.work_ticket")
    context = {
        **admin.site.each_context(request),
        "title": f"{ticket.get_status_display()} · {ticket}",
        "heading": str(ticket),
        "model_admin": admin.site.get_model_admin(Ticket),
        "ticket": ticket,
        "occurrences": shown[:OCCURRENCES],
        "more_occurrences": len(shown) > OCCURRENCES,
        **_relaunching_of(request, ticket),
        "history": read_ticket_history(ticket),
        "priorities": Ticket.Priority.choices,
        "may_work": may_work,
        "moves": list_moves(ticket),
        "assignees": assignees() if may_work else [],
        "comment_form": CommentForm(),
    }
    return TemplateResponse(request, "tickets/ticket_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@launchers_only
def ticket_relaunch(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """Relaunch where it still fails; asks first, on a page with the preview."""
    ticket = _ticket(ticket_id)
    run = newest_run_still_failing(ticket)
    if run is None:
        messages.info(request, "Nothing to relaunch: every server has succeeded since.")
        return redirect(ticket)
    servers, back = servers_still_failing(ticket), ticket.get_absolute_url()
    return relaunch(request, run, servers=servers, back=back, sent=[])


@require_POST
@workers_only
def ticket_comment(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """Add a comment."""
    ticket = _ticket(ticket_id)
    form = CommentForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["text"])))
        return redirect(f"{ticket.get_absolute_url()}#comment")
    return redirect(ticket.comment(signed_in(request), form.cleaned_data["text"]))


@require_http_methods(["GET", "HEAD", "POST"])
@workers_only
def comment_edit(request: HttpRequest, ticket_id: UUID, pk: int) -> HttpResponse:
    """Edit one's own comment, or delete it (`remove`)."""
    found = TicketComment.objects.select_related("ticket", "created_by")
    comment = get_object_or_404(found, ticket__ticket_id=ticket_id, pk=pk)
    if "remove" in request.POST:
        comment.remove(signed_in(request))
        return redirect(comment.ticket)
    form = CommentForm(request.POST or None, initial={"text": comment.text})
    if request.method == "POST" and form.is_valid():
        comment.edit(signed_in(request), form.cleaned_data["text"])
        return redirect(comment)
    if comment.created_by_id != request.user.pk:
        raise PermissionDenied("You can only edit your own comments.")
    context = {**admin.site.each_context(request), "title": "Edit comment"}
    context |= {"comment": comment, "ticket": comment.ticket, "form": form}
    return TemplateResponse(request, "tickets/comment_edit.html", context)


@require_POST
@workers_only
def ticket_move(request: HttpRequest, ticket_id: UUID, verb: str) -> HttpResponse:
    """Start, resolve, close or reopen, with the note typed beside the button."""
    ticket = get_object_or_404(Ticket, ticket_id=ticket_id)
    note = request.POST.get("note", "").strip()[:1000]
    MOVES[verb].apply(request, [ticket], note=note)
    return redirect(ticket)


@require_POST
@workers_only
def ticket_assign(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """Assign to the form's `assignee`; unassign without one."""
    ticket = get_object_or_404(Ticket, ticket_id=ticket_id)
    chosen = request.POST.get("assignee", "")
    person = assignees().filter(pk=row_key(chosen)).first()
    if chosen and person is None:
        raise Http404("No user with this id works tickets.")
    call_each(
        request,
        [ticket],
        lambda ticket: ticket.assign(request.user, person),
        done=f"Assigned to {person}" if person else "Unassigned",
        unchanged="Unchanged",
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
        unchanged="Unchanged",
    )
    return redirect(ticket)


def _relaunching_of(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    may_launch = request.user.has_perm("automation.launch_playbook")
    failing = servers_still_failing(ticket) if may_launch else []
    return {"relaunch_target": Target.of(failing) if failing else None}


def _ticket(ticket_id: UUID) -> Ticket:
    related = Ticket.objects.select_related("job", "created_by", "assigned_to")
    return get_object_or_404(related, ticket_id=ticket_id)
