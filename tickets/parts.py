"""What tickets adds to the console: to its lists, and to the pages of servers, jobs and runs."""

from typing import Any

from django.http import HttpRequest

from console.collected import (
    Endpoint,
    HomeNumbers,
    HomePanel,
    HomeTiles,
    RolePermissions,
    RowSearch,
    list_entry,
)
from console.pages import FilterPart, PanelPart
from inventory.models import Server

from .api import TicketViewSet
from .home import open_tickets
from .job_filters import OwnerFilter
from .models import Ticket

SHOWN = 10


def open_on(request: HttpRequest, server: Server) -> dict[str, Any]:
    """The most urgent unresolved tickets with an uncleared failure on the server."""
    tickets = Ticket.objects.of_server(server.pk).select_related("assigned_to")
    return {"open_tickets": list(tickets[:SHOWN])}


def _on_job(place: str, template: str) -> PanelPart:
    return PanelPart(model="automation.Job", place=place, template=f"tickets/{template}.html")


PAGES = [
    FilterPart(model="automation.Job", list_filter=OwnerFilter),
    PanelPart(
        model="inventory.Server",
        template="tickets/_server_tickets.html",
        context=open_on,
        order=10,
    ),
    _on_job("facts", "_job_ticket"),
    _on_job("failure", "_job_ticket_button"),
    _on_job("run_failure", "_run_ticket_button"),
]


ICON = "confirmation_number"
VIEW = "tickets.view_ticket"

MENU = [
    list_entry(
        *("Operations", 220, "tickets.ticket", "Tickets", ICON, "g t"),
        query="?queue=unresolved",
        pages=("tickets:ticket_detail",),
    ),
]

SEARCH = [
    RowSearch(
        permission=VIEW,
        icon=ICON,
        find=lambda text: Ticket.objects.filter(title__icontains=text).order_by("-id"),
        describe=lambda ticket: ticket.get_status_display(),
        order=30,
    ),
]

API = [
    Endpoint(prefix="tickets", viewset=TicketViewSet, root={"tickets": "ticket-list"}, order=80),
]

ROLES = [
    RolePermissions(
        app="tickets",
        viewer=(VIEW, "tickets.view_ticketoccurrence"),
        operator=("tickets.add_ticket", "tickets.change_ticket", "tickets.work_ticket"),
    ),
]

HOME = [
    HomeNumbers(app="tickets", count=open_tickets),
    HomeTiles(app="tickets", template="tickets/_home_tiles.html", permission=VIEW, order=20),
    HomePanel(
        name="needs", app="tickets", template="tickets/_home_needs.html", permission=VIEW, order=10
    ),
]

PARTS = [*PAGES, *MENU, *SEARCH, *API, *ROLES, *HOME]
