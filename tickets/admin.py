"""Tickets in the console: the queue, and each ticket with what one does about it."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import (
    ChoicesCheckboxFilter,
    DropdownFilter,
)

from accounts.signed_in import signed_in
from audit.console import (
    ConsoleAdmin,
    Day,
    Narrow,
    RelatedFilter,
    TimeRangeFilter,
    asking,
    call_each,
    intermediate,
    row_key,
)

# Registers the server's page once more, after automation.
from . import server_page  # noqa: F401
from .models import Ticket, TicketOccurrence, TicketQuerySet, assignees, urgency

SHOWN_OCCURRENCES = 20


class PriorityForm(forms.Form):
    priority = forms.ChoiceField(
        choices=Ticket.Priority.choices[::-1], widget=forms.Select(attrs={"class": "io-input"})
    )


class QueueFilter(DropdownFilter):
    """What is still to be done; then the most urgent come first."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("unresolved", "Unresolved"),
            ("urgent", "Unresolved and urgent"),
            ("mine", "Unresolved and mine"),
            ("nobody", "Unresolved and nobody's"),
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
class TicketAdmin(ConsoleAdmin):
    list_display = ["title", "status_pill", "priority_pill", "assigned_to", "created_at"]
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
    search_help_text = "Part of a title or description, or the beginning of an id"
    sortable_by = ["created_at"]
    when_empty = "Nothing to do. A failed job opens a ticket by itself; others are opened by hand."
    change_form_outer_before_template = "tickets/_ticket_tools.html"
    change_form_outer_after_template = "tickets/_ticket_occurrences.html"
    actions = ["start", "resolve", "close", "reopen", "assign_to_me", "assign_to", "prioritise"]
    fieldsets = [(None, {"fields": ["title", "description"]})]
    add_fieldsets = [(None, {"fields": ["title", "description", "priority"]})]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        who = [("assigned_to", RelatedFilter)]
        return self.list_filter + (who if request.user.has_perm("accounts.view_user") else [])

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

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        key = row_key(object_id)
        occurrences = TicketOccurrence.objects.filter(ticket_id=key).order_by("-id")
        related = occurrences.select_related("job__playbook", "job__server")
        context = {
            "occurrences": list(related[:SHOWN_OCCURRENCES]),
            "occurrence_count": occurrences.count(),
            "assignees": assignees(),
            "priorities": Ticket.Priority.choices,
            "may_work": self.has_work_permission(request),
        }
        context |= extra_context or {}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="status", ordering="status")
    def status_pill(self, ticket: Ticket) -> str:
        return render_to_string("tickets/_status.html", {"status": ticket.status})

    @admin.display(description="priority", ordering="priority")
    def priority_pill(self, ticket: Ticket) -> str:
        return render_to_string("tickets/_priority.html", {"priority": ticket.priority})

    # Actions

    @admin.action(description="Start", permissions=["work"])
    def start(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.start(request.user),
            done="In progress",
            unchanged="Not open",
        )

    @admin.action(description="Resolve", permissions=["work"])
    def resolve(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.resolve(request.user),
            done="Resolved",
            unchanged="Were done already",
        )

    @admin.action(description="Close", permissions=["work"])
    def close(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.close(request.user),
            done="Closed",
            unchanged="Were closed already",
        )

    @admin.action(description="Reopen", permissions=["work"])
    def reopen(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.reopen(request.user),
            done="Open again",
            unchanged="Were open",
        )

    @admin.action(description="Assign to me", permissions=["work"])
    def assign_to_me(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        self._assign(request, tickets, request.user)

    @admin.action(description="Assign to …", permissions=["work"])
    def assign_to(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return intermediate(
                self,
                request,
                tickets,
                "tickets/ticket_assign.html",
                title="Assign these tickets",
                people=assignees(),
            )
        chosen = request.POST.get("assignee", "")
        person = assignees().filter(pk=row_key(chosen)).first()
        self._assign(request, tickets, person)
        return None

    @admin.action(description="Set the priority", permissions=["work"])
    @asking(PriorityForm, "Give these tickets a priority", button="Set the priority")
    def prioritise(self, request: HttpRequest, tickets: QuerySet[Ticket], priority: str) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.prioritise(request.user, priority),
            done=f"Of {priority} priority",
            unchanged="Were that already",
        )

    def _assign(self, request: HttpRequest, tickets: QuerySet[Ticket], person: Any) -> None:
        call_each(
            request,
            tickets,
            lambda ticket: ticket.assign(request.user, person),
            done=f"Assigned to {person or 'nobody'}",
            unchanged="Were that already",
        )
