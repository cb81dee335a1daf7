"""A server's page with its open tickets: what this app adds to automation's."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from automation.admin.servers import RunnableServerAdmin
from console.objects import row_key
from inventory.models import Server

from .models import Ticket

SHOWN = 10

admin.site.unregister(Server)


@admin.register(Server)
class TicketedServerAdmin(RunnableServerAdmin):
    change_form_outer_before_template = "tickets/_server_state.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        tickets = Ticket.objects.of_server(row_key(object_id)).select_related("assigned_to")
        context = {"open_tickets": list(tickets[:SHOWN])} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)
