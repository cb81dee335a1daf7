"""What automation adds to pages: to the list of servers, and to a server's own."""

from typing import Any

from django.http import HttpRequest

from console.lists import COUNTED_ROWS
from console.pages import ActionPart, ColumnPart, FilterPart, PanelPart
from inventory.models import Server

from .admin import servers
from .reports.server_history import history_of

SERVER = "inventory.Server"


def fared(request: HttpRequest, server: Server) -> dict[str, Any]:
    """How jobs on a server have gone."""
    return {"history": history_of(server.pk)}


def on_server(place: str, template: str, order: int, **context: Any) -> PanelPart:
    path = f"automation/{template}.html"
    return PanelPart(model=SERVER, place=place, template=path, order=order, **context)


PAGES = [
    ColumnPart(
        model=SERVER,
        show=servers.last_job,
        cell_filter=servers.LastJob("last_job", "newest_status"),
        attach=servers.attach_newest_jobs,
    ),
    FilterPart(model=SERVER, list_filter=servers.LastJobFilter),
    # Each is one run, however many servers it has.
    ActionPart(
        model=SERVER,
        act=servers.run_playbook,
        permission="automation.launch_playbook",
        acted_rows=COUNTED_ROWS,
        order=-20,
    ),
    ActionPart(
        model=SERVER,
        act=servers.check_connection,
        permission="inventory.check_server",
        acted_rows=COUNTED_ROWS,
        order=-10,
    ),
    on_server("tools", "_server_run_buttons", 10),
    on_server("tools", "_server_jobs_button", 30),
    on_server("notes", "_server_lock", 10, context=fared),
    on_server("facts", "_server_record", 10, context=fared),
    on_server("state", "_server_strip", 10, context=fared),
    on_server("main", "_server_jobs", 20, context=fared),
]

PARTS = [*PAGES]
