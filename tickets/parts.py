"""What tickets add to the console."""

from console.collected import (
    Endpoint,
    HomeNumbers,
    HomePanel,
    HomeTiles,
    MenuEntry,
    RolePermissions,
    RowSearch,
)

from .api import TicketViewSet
from .home import open_tickets
from .models import Ticket

ICON = "confirmation_number"
VIEW = "tickets.view_ticket"

MENU = [
    MenuEntry(
        words="Tickets",
        icon=ICON,
        url_name="admin:tickets_ticket_changelist",
        query="?queue=unresolved",
        permission=VIEW,
        group="Operations",
        keys="g t",
        order=220,
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

PARTS = [*MENU, *SEARCH, *API, *ROLES, *HOME]
