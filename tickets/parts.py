"""What tickets add to pages: to the list of jobs, and to a server's, a job's and a run's own."""

from typing import Any

from django.http import HttpRequest

from console.pages import FilterPart, PanelPart
from inventory.models import Server

from .job_filters import OwnerFilter
from .models import Ticket

SHOWN = 10


def open_on(request: HttpRequest, server: Server) -> dict[str, Any]:
    """The newest tickets whose failure on the server is not over."""
    tickets = Ticket.objects.of_server(server.pk).select_related("assigned_to")
    return {"open_tickets": list(tickets[:SHOWN])}


def on_job(place: str, template: str) -> PanelPart:
    return PanelPart(model="automation.Job", place=place, template=f"tickets/{template}.html")


PAGES = [
    FilterPart(model="automation.Job", list_filter=OwnerFilter),
    PanelPart(
        model="inventory.Server",
        template="tickets/_server_tickets.html",
        context=open_on,
        order=10,
    ),
    on_job("facts", "_job_ticket"),
    on_job("failure", "_job_ticket_button"),
    on_job("run_failure", "_run_ticket_button"),
]

PARTS = [*PAGES]
