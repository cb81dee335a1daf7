"""What inventory adds to pages: on a server's own, beside what other apps add there."""

from typing import Any

from django.http import HttpRequest

from console.pages import PanelPart

from .models import Server
from .provenance import groups_of, variables_of


def known_about(request: HttpRequest, server: Server) -> dict[str, Any]:
    """What its inventory says, and what Ansible found out there; from the stored row, for the
    page's own has masks in place of secrets."""
    stored = Server.objects.select_related("credential", "facts").get(pk=server.pk)
    return {
        "variables": variables_of(stored),
        "groups": groups_of(stored),
        "facts": getattr(stored, "facts", None),
    }


def on_server(place: str, template: str, order: int, **context: Any) -> PanelPart:
    return PanelPart(
        model="inventory.Server",
        place=place,
        template=f"inventory/{template}.html",
        order=order,
        **context,
    )


PAGES = [
    on_server("tools", "_server_edit_button", 20),
    on_server("main", "_server_facts", 30, context=known_about),
    on_server("main", "_server_variables", 40, context=known_about),
]

PARTS = [*PAGES]
