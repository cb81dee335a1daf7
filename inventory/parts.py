"""What inventory adds to the console, and to a server's own page."""

from typing import Any

from django.http import HttpRequest

from console.collected import Endpoint, FirstStep, RolePermissions, RowSearch, list_entry
from console.pages import PanelPart

from .ansible.provenance import groups_of, list_variables
from .api import CredentialViewSet, ServerViewSet
from .models import Server


def read_what_is_known(request: HttpRequest, server: Server) -> dict[str, Any]:
    """What its inventory says, and what Ansible found out there; from the stored row, for the
    page's own has masks in place of secrets."""
    stored = Server.objects.select_related("credential", "facts").get(pk=server.pk)
    return {
        "variables": list_variables(stored),
        "groups": groups_of(stored),
        "facts": getattr(stored, "facts", None),
    }


def _on_server(place: str, template: str, order: int, **context: Any) -> PanelPart:
    return PanelPart(
        model="inventory.Server",
        place=place,
        template=f"inventory/{template}.html",
        order=order,
        **context,
    )


PAGES = [
    _on_server("tools", "_server_edit_button", 20),
    _on_server("tools", "_server_copy_button", 25),
    _on_server("main", "_server_facts", 30, context=read_what_is_known),
    _on_server("main", "_server_variables", 40, context=read_what_is_known),
]


MENU = [
    list_entry("Inventory", 310, "inventory.server", "Servers", "dns", "g s"),
    list_entry("Inventory", 330, "inventory.credential", "Credentials", "key"),
]

SEARCH = [
    RowSearch(
        permission="inventory.view_server",
        icon="dns",
        find=Server.objects.search,
        describe=lambda server: server.environment,
        order=10,
    ),
]

API = [
    Endpoint(prefix="servers", viewset=ServerViewSet, root={"servers": "server-list"}, order=10),
    Endpoint(
        prefix="credentials",
        viewset=CredentialViewSet,
        root={"credentials": "credential-list"},
        order=50,
    ),
]

ROLES = [
    RolePermissions(
        app="inventory",
        viewer=("inventory.view_server", "inventory.view_serverfacts"),
        operator=(
            "inventory.check_server",
            "inventory.view_credential",
            "inventory.use_credential",
        ),
        admin=(
            "inventory.add_server",
            "inventory.change_server",
            "inventory.delete_server",
            "inventory.add_credential",
            "inventory.change_credential",
            "inventory.delete_credential",
        ),
    ),
]

HOME = [
    FirstStep(
        template="inventory/_first_step.html", is_done=lambda: Server.objects.exists(), order=10
    ),
]

PARTS = [*PAGES, *MENU, *SEARCH, *API, *ROLES, *HOME]
