"""What automation adds to the console, to the list of servers and to a server's page."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpRequest

from console.collected import (
    Endpoint,
    FirstStep,
    HealthCheck,
    HomeNumbers,
    HomePanel,
    HomeTiles,
    MenuEntry,
    Place,
    QueueTask,
    RolePermissions,
    RowSearch,
    Verb,
    list_entry,
)
from console.lists import COUNTED_ROWS
from console.pages import ActionPart, ColumnPart, FilterPart, PanelPart
from inventory.choosing import full_name
from inventory.models import Inventory, Server, ServerGroup, SmartGroup

from .admin import servers
from .api.jobs import JobViewSet
from .api.playbooks import PlaybookViewSet
from .api.runs import RunViewSet
from .api.servers import ServerCheckViewSet
from .api.vault_passwords import VaultPasswordViewSet
from .finding import find_jobs, find_launches, find_runs
from .health import examine_queue, examine_state_root, examine_worker
from .models import Playbook
from .reports import home, home_figures
from .reports.server_history import read_server_history

SERVER = "inventory.Server"


def read_history(request: HttpRequest, server: Server) -> dict[str, Any]:
    """The job history of a server."""
    return {"history": read_server_history(server.pk)}


def new_key(request: HttpRequest, server: Server) -> dict[str, Any]:
    """The key of the page's buttons, with which each of them launches once."""
    return {"launch_key": uuid4().hex}


def query_for_all(
    request: HttpRequest, row: Inventory | ServerGroup | SmartGroup
) -> dict[str, Any]:
    """The query of the launch form for the servers of an inventory or a group."""
    if isinstance(row, Inventory):
        return {"launch_query": urlencode({"inventory": row.name})}
    return {"launch_query": urlencode({"groups": full_name(row)})}


def _on_server(place: str, template: str, order: int, **context: Any) -> PanelPart:
    path = f"automation/servers/{template}.html"
    return PanelPart(model=SERVER, place=place, template=path, order=order, **context)


PAGES = [
    ColumnPart(
        model=SERVER,
        show=servers.last_job,
        cell_filter=servers.LastJob("last_job", "newest_status"),
        attach=servers.attach_newest_jobs,
    ),
    FilterPart(model=SERVER, list_filter=servers.LastJobFilter),
    # Each action makes one run, however many servers it has.
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
    _on_server("tools", "_server_run_buttons", 10, context=new_key),
    _on_server("tools", "_server_jobs_button", 30),
    _on_server("notes", "_server_lock", 10, context=read_history),
    _on_server("facts", "_server_record", 10, context=read_history),
    _on_server("state", "_server_strip", 10, context=read_history),
    _on_server("main", "_server_jobs", 20, context=read_history),
    *(
        PanelPart(
            model=f"inventory.{model}",
            place="tools",
            template="automation/servers/_run_within_button.html",
            context=query_for_all,
        )
        for model in ("Inventory", "ServerGroup", "SmartGroup")
    ),
]


APP = "automation"


MENU = [
    MenuEntry(
        words="Run a playbook",
        icon="play_arrow",
        url_name="automation:job_launch",
        permission="automation.launch_playbook",
        in_header=True,
        keys="r",
        order=120,
    ),
    list_entry(
        *("Operations", 210, "automation.job", "Jobs", "bolt", "g j"),
        pages=(
            "automation:job_detail",
            "admin:automation_joblog_changelist",
            "admin:automation_taskresult_changelist",
            "admin:automation_taskresult_change",
        ),
    ),
    list_entry(
        *("Operations", 230, "automation.run", "Runs", "dynamic_feed"),
        pages=("automation:run_detail",),
    ),
    list_entry(
        *("Inventory", 320, "automation.playbook", "Playbooks", "menu_book", "g p"),
        pages=("automation:playbook_detail",),
    ),
    list_entry("Inventory", 340, "automation.vaultpassword", "Vault passwords", "lock"),
    list_entry(
        *("Administration", 450, "automation.worker", "Workers", "memory"),
        pages=tuple(
            f"admin:django_q_{model}_{page}"
            for model in ("schedule", "failure")
            for page in ("changelist", "change")
        ),
    ),
]


SEARCH = [
    RowSearch(
        permission="automation.view_playbook",
        icon="menu_book",
        find=lambda text: Playbook.objects.filter(name__icontains=text),
        describe=lambda playbook: "Playbook",
        order=20,
    ),
    RowSearch(
        permission="automation.view_job",
        icon="bolt",
        find=find_jobs,
        describe=lambda job: f"Job, {job.status}",
        order=40,
    ),
    RowSearch(
        permission="automation.view_run",
        icon="dynamic_feed",
        find=find_runs,
        describe=lambda run: f"Run, {run.status}",
        order=5,
    ),
    Verb(
        names=("run", "launch"),
        icon="play_arrow",
        permission="automation.launch_playbook",
        find=find_launches,
        order=10,
    ),
]

API = [
    Endpoint(prefix="servers", viewset=ServerCheckViewSet, basename="server-check", order=20),
    Endpoint(
        prefix="playbooks", viewset=PlaybookViewSet, root={"playbooks": "playbook-list"}, order=30
    ),
    Endpoint(
        prefix="vault-passwords",
        viewset=VaultPasswordViewSet,
        root={"vault-passwords": "vaultpassword-list"},
        order=40,
    ),
    Endpoint(prefix="jobs", viewset=JobViewSet, root={"jobs": "job-list"}, order=60),
    Endpoint(prefix="runs", viewset=RunViewSet, root={"runs": "run-list"}, order=70),
]

ROLES = [
    RolePermissions(
        app=APP,
        viewer=(
            "automation.view_playbook",
            "automation.view_run",
            "automation.view_job",
            "automation.view_hostresult",
            "automation.view_joblog",
            "automation.view_runlog",
            "automation.view_runartifact",
            "automation.view_taskresult",
            "automation.view_worker",
        ),
        auditor=(
            "automation.view_vaultpassword",
            "django_q.view_schedule",
            "django_q.view_failure",
            "django_q.view_ormq",
        ),
        operator=(
            "automation.launch_playbook",
            "automation.cancel_job",
            "automation.download_runartifact",
        ),
        admin=(
            "automation.add_playbook",
            "automation.change_playbook",
            "automation.delete_playbook",
            "automation.accept_playbook",
            "automation.set_reserved_option",
            "automation.override_check",
            "automation.add_vaultpassword",
            "automation.change_vaultpassword",
            "automation.delete_vaultpassword",
        ),
    ),
]

QUEUE = [
    QueueTask(function="automation.tasks.run_next"),
    QueueTask(function="automation.tasks.every_minute"),
    QueueTask(function="automation.tasks.seal_audit"),
]

HEALTH = [
    HealthCheck(name="queue", examine=examine_queue, order=10),
    HealthCheck(name="worker", examine=examine_worker, order=20),
    HealthCheck(name="state", examine=examine_state_root, order=25),
]


def panel(order: int, name: str, permission: str, place: Place = "half") -> HomePanel:
    return HomePanel(
        name=name,
        app=APP,
        template=f"automation/home/_home_{name}.html",
        permission=permission,
        place=place,
        order=order,
    )


HOME = [
    HomeNumbers(
        app=APP,
        count=home.this_moment,
        figures=home_figures.figures,
        is_new=home_figures.is_new,
    ),
    HomeTiles(
        app=APP,
        template="automation/home/_home_tiles.html",
        permission="automation.view_job",
        order=10,
    ),
    panel(0, "health", "automation.view_worker", "top"),
    panel(20, "running", "automation.view_run"),
    panel(30, "chart", "automation.view_job"),
    panel(40, "environments", "automation.view_job"),
    panel(50, "playbooks", "automation.view_playbook", "full"),
    FirstStep(
        template="automation/home/_first_playbook.html", is_done=home.own_playbooks_exist, order=20
    ),
    FirstStep(template="automation/home/_first_run.html", is_done=None, order=30),
]

PARTS = [*PAGES, *MENU, *SEARCH, *API, *ROLES, *QUEUE, *HEALTH, *HOME]
