"""What inventory adds to the console."""

from console.collected import (
    Endpoint,
    FirstStep,
    HealthCheck,
    HomeNumbers,
    HomePanel,
    QueueTask,
    RolePermissions,
    RowSearch,
    list_entry,
)
from console.pages import PanelPart

from .api.credentials import CredentialViewSet
from .api.dynamic import DynamicInventoryViewSet
from .api.inventories import InventoryViewSet, ServerGroupViewSet
from .api.servers import ServerViewSet
from .api.smart_groups import SmartGroupViewSet
from .api.sources import InventorySourceViewSet, VariableOverrideViewSet
from .models import InventorySource, Server
from .models.source_syncs import TASK
from .syncing.shown import describe_group, examine_sources, failed_sources, owner_of, sources_of
from .variable_sealing import examine_variables

MENU = [
    list_entry(
        *("Inventory", 310, "inventory.server", "Servers", "dns", "g s"),
        pages=("inventory:server_detail",),
    ),
    list_entry("Inventory", 312, "inventory.inventory", "Inventories", "account_tree"),
    list_entry("Inventory", 314, "inventory.servergroup", "Groups", "hub"),
    list_entry("Inventory", 315, "inventory.smartgroup", "Smart groups", "filter_alt"),
    list_entry(
        *("Inventory", 316, "inventory.inventorysource", "Sources", "sync_alt"),
        pages=("inventory:source_detail",),
    ),
    list_entry("Inventory", 318, "inventory.variableoverride", "Overrides", "edit_note"),
    list_entry("Inventory", 330, "inventory.credential", "Credentials", "key"),
]

# From an inventory or a group to its servers.
WITHIN = [
    PanelPart(
        model=f"inventory.{model}",
        place="notes",
        template="inventory/_servers_within.html",
        order=-10,
    )
    for model in ("Inventory", "ServerGroup", "SmartGroup")
]
WITHIN += [
    PanelPart(
        model="inventory.Inventory",
        place="tools",
        template="inventory/_export_button.html",
        order=50,
    )
]

SEARCH = [
    RowSearch(
        permission="inventory.view_server",
        icon="dns",
        find=Server.objects.search,
        describe=lambda server: server.environment,
        order=10,
    ),
    RowSearch(
        permission="inventory.view_inventorysource",
        icon="sync_alt",
        find=lambda text: InventorySource.objects.search(text).select_related("inventory"),
        describe=lambda source: f"Inventory source, {source.get_state_display().lower()}",
        order=25,
    ),
]

PAGES = [
    PanelPart(
        model="inventory.Inventory",
        template="inventory/sources/_inventory_sources.html",
        context=sources_of,
    ),
    PanelPart(
        model="inventory.Server",
        place="notes",
        template="inventory/sources/_owner.html",
        context=owner_of,
        order=5,
    ),
    PanelPart(
        model="inventory.ServerGroup",
        place="notes",
        template="inventory/sources/_owner.html",
        context=owner_of,
    ),
]

PAGES += [
    PanelPart(
        model="inventory.ServerGroup",
        template="inventory/_group_variables.html",
        context=describe_group,
    ),
]

QUEUE = [QueueTask(function=TASK)]

API = [
    Endpoint(prefix="servers", viewset=ServerViewSet, root={"servers": "server-list"}, order=10),
    Endpoint(
        prefix="inventories",
        viewset=InventoryViewSet,
        root={"inventories": "inventory-list"},
        order=15,
    ),
    Endpoint(
        prefix="inventory",
        viewset=DynamicInventoryViewSet,
        basename="dynamic-inventory",
        root={"inventory": "dynamic-inventory-list"},
        order=14,
    ),
    Endpoint(
        prefix="groups", viewset=ServerGroupViewSet, root={"groups": "servergroup-list"}, order=16
    ),
    Endpoint(
        prefix="smart-groups",
        viewset=SmartGroupViewSet,
        root={"smart-groups": "smartgroup-list"},
        order=17,
    ),
    Endpoint(
        prefix="inventory-sources",
        viewset=InventorySourceViewSet,
        root={"inventory-sources": "inventorysource-list"},
        order=17,
    ),
    Endpoint(
        prefix="overrides",
        viewset=VariableOverrideViewSet,
        root={"overrides": "variableoverride-list"},
        order=18,
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
            "inventory.view_inventorysource",
            "inventory.view_server",
            "inventory.view_serverfacts",
            "inventory.view_servergroup",
            "inventory.view_servergroupmember",
            "inventory.view_smartgroup",
            "inventory.view_variableoverride",
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
            "inventory.export_secrets",
            *(
                f"inventory.{verb}_{model}"
                for model in (
                    "inventorysource",
                    "servergroup",
                    "servergroupmember",
                    "smartgroup",
                    "variableoverride",
                )
                for verb in ("add", "change", "delete")
            ),
            "inventory.sync_inventorysource",
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
    HomeNumbers(app="inventory", count=failed_sources),
    HomePanel(
        name="sources",
        app="inventory",
        template="inventory/sources/_home_sources.html",
        permission="inventory.view_inventorysource",
        place="top",
        order=5,
    ),
]

HEALTH = [
    HealthCheck(name="variables", examine=examine_variables, order=30),
    HealthCheck(name="inventory_sources", examine=examine_sources, order=31),
]

PARTS = [*PAGES, *WITHIN, *MENU, *SEARCH, *QUEUE, *API, *ROLES, *HOME, *HEALTH]
