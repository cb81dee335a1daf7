"""The list of tickets and its actions."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import (
    ChoicesCheckboxFilter,
    DropdownFilter,
)

from accounts.models import User
from accounts.signed_in import signed_in
from console.lists import (
    ConsoleAdmin,
    Day,
    Narrow,
    PageAdmin,
    RelatedFilter,
    TimeRangeFilter,
    ask_for_values,
    call_each,
)

from .forms import AssignForm, PriorityForm
from .models import Ticket, TicketOccurrence, TicketQuerySet, urgency
from .moves import MOVES, Move


def move_action(move: Move) -> Callable[..., None]:
    """The same verb for the selected tickets."""

    @admin.action(description=move.label, permissions=["work"])
    def act(model_admin: ConsoleAdmin, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        move.apply(request, tickets)

    act.__name__ = move.verb
    return act


class QueueFilter(DropdownFilter):
    """Unresolved tickets, most urgent first."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("unresolved", "Unresolved"),
            ("urgent", "Unresolved, urgent"),
            ("mine", "Unresolved, assigned to me"),
            ("nobody", "Unresolved, unassigned"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        narrowings: dict[str, dict[str, Any]] = {
            "unresolved": {},
            "urgent": {"priority__in": Ticket.URGENT},
            "mine": {"assigned_to": request.user.pk},
            "nobody": {"assigned_to": None},
        }
        narrowed = narrowings.get(self.value() or "")
        if narrowed is None:
            return queryset
        return cast(TicketQuerySet, queryset).unresolved().filter(**narrowed)


@admin.register(Ticket)
class TicketAdmin(PageAdmin):
    list_display = [
        "priority_pill",
        "name",
        "status_pill",
        "not_cleared",
        "assigned_to",
        "created_at",
    ]
    list_display_links = ["name"]
    list_select_related = ["assigned_to"]
    list_filter = [
        QueueFilter,
        ("status", ChoicesCheckboxFilter),
        ("priority", ChoicesCheckboxFilter),
        ("created_at", TimeRangeFilter),
    ]
    cell_filters = {
        "status_pill": Narrow("status__exact", "status"),
        "priority_pill": Narrow("priority__exact", "priority"),
        "assigned_to": Narrow("assigned_to__id__exact", "assigned_to_id", "assigned_to__isnull"),
        "created_at": Day("created_at"),
    }
    exported = {
        "ticket_id": "ticket_id",
        "title": "title",
        "description": "description",
        "status": "status",
        "priority": "priority",
        "assigned_to": "assigned_to.username",
        "created_by": "created_by.username",
        "job_id": "job.job_id",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "resolved_at": "resolved_at",
    }
    search_fields = ["title", "description", "^ticket_id"]
    search_help_text = "Title, description or ticket id"
    sortable_by = ["created_at"]
    when_empty = "A failed job opens one."
    actions = [
        *map(move_action, MOVES.values()),
        *("assign_to_me", "assign_to", "prioritise"),
    ]
    fieldsets = [(None, {"fields": ["title", "description"]})]
    add_fieldsets = [(None, {"fields": ["title", "description", "priority"]})]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        who = [("assigned_to", RelatedFilter)]
        own = super().get_list_filter(request)
        return own + (who if request.user.has_perm("accounts.view_user") else [])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        failing = TicketOccurrence.objects.filter(ticket=OuterRef("pk"), cleared_at=None)
        counted = failing.order_by().values("ticket").annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(failing=Coalesce(Subquery(counted), 0))

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        return (urgency(), "id") if request.GET.get("queue") else ("-id",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_work_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.work_ticket")

    def save_model(self, request: HttpRequest, obj: Ticket, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = signed_in(request)
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Ticket) -> HttpResponse:
        """Return to the ticket's own page."""
        messages.success(request, f"Saved “{obj}”.")
        return redirect(obj)

    def response_add(self, request: HttpRequest, obj: Ticket, *args: Any) -> HttpResponse:
        messages.success(request, f"Opened “{obj}”.")
        return redirect(obj)

    @admin.display(description="title")
    def name(self, ticket: Ticket) -> str:
        return ticket.title

    @admin.display(description="failing on")
    def not_cleared(self, ticket: Ticket) -> str:
        """Failed jobs without a later success, which is one per server."""
        count = cast(Any, ticket).failing
        return f"{count} server{pluralize(count)}" if count else "-"

    @admin.display(description="status", ordering="status")
    def status_pill(self, ticket: Ticket) -> str:
        return render_to_string("tickets/_status.html", {"status": ticket.status})

    @admin.display(description="priority", ordering="priority")
    def priority_pill(self, ticket: Ticket) -> str:
        return render_to_string("tickets/_priority.html", {"priority": ticket.priority})

    # Actions

    @admin.action(description="Assign to me", permissions=["work"])
    def assign_to_me(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        self._assign(request, tickets, signed_in(request))

    @admin.action(description="Assign to…", permissions=["work"])
    @ask_for_values(AssignForm, "Assign these tickets?", button="Assign")
    def assign_to(
        self, request: HttpRequest, tickets: QuerySet[Ticket], assignee: User | None
    ) -> None:
        self._assign(request, tickets, assignee)

    @admin.action(description="Set priority", permissions=["work"])
    @ask_for_values(PriorityForm, "Set the priority of these tickets?", button="Set priority")
    def prioritise(self, request: HttpRequest, tickets: QuerySet[Ticket], priority: str) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.prioritise(request.user, priority),
            done=f"Priority {priority}",
            unchanged=f"Already {priority}",
        )

    def _assign(self, request: HttpRequest, tickets: QuerySet[Ticket], person: User | None) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.assign(request.user, person),
            done=f"Assigned to {person}" if person else "Unassigned",
            unchanged=f"Already assigned to {person}" if person else "Already unassigned",
        )
