"""What inventory adds to the console."""

from console.collected import (
    Endpoint,
    FirstStep,
    HealthCheck,
    RolePermissions,
    RowSearch,
    list_entry,
)

from .api import CredentialViewSet, InventoryViewSet, ServerViewSet
from .models import Server
from .variable_sealing import examine_variables

MENU = [
    list_entry(
        *("Inventory", 310, "inventory.server", "Servers", "dns", "g s"),
        pages=("inventory:server_detail",),
    ),
    list_entry("Inventory", 320, "inventory.inventory", "Inventories", "account_tree"),
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
        prefix="inventories",
        viewset=InventoryViewSet,
        root={"inventories": "inventory-list"},
        order=15,
    ),
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
        viewer=(
            "inventory.view_inventory",
            "inventory.view_server",
            "inventory.view_serverfacts",
        ),
        auditor=("inventory.view_credential",),
        operator=(
            "inventory.check_server",
            "inventory.view_credential",
            "inventory.use_credential",
        ),
        admin=(
            "inventory.add_inventory",
            "inventory.change_inventory",
            "inventory.delete_inventory",
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

HEALTH = [HealthCheck(name="variables", examine=examine_variables, order=30)]

PARTS = [*MENU, *SEARCH, *API, *ROLES, *HOME, *HEALTH]
