"""The shell's sidebar and its command search: what each person may see, and nothing else."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from accounts.models import User
from automation.models import Job, Playbook
from inventory.models import Server
from tickets.models import Ticket

# Lists are named by their model here; their URLs' names end in "_changelist".
LIST = "admin:"
VAULT = f"{LIST}automation_vaultpassword"
TICKET = "confirmation_number"
# Group: (words, icon, URL name, query, permission).
ENTRIES: dict[str, list[tuple[str, str, str, str, str]]] = {
    "": [
        ("Home", "home", "home", "", ""),
        ("Run a playbook", "play_arrow", "automation:job_launch", "", "automation.launch_playbook"),
    ],
    "Operations": [
        ("Jobs", "bolt", f"{LIST}automation_job", "", "automation.view_job"),
        ("Tickets", TICKET, f"{LIST}tickets_ticket", "?queue=unresolved", "tickets.view_ticket"),
        ("Runs", "dynamic_feed", f"{LIST}automation_run", "", "automation.view_run"),
        ("Log lines", "notes", f"{LIST}automation_joblog", "", "automation.view_joblog"),
        ("Task results", "task", f"{LIST}automation_taskresult", "", "automation.view_taskresult"),
    ],
    "Inventory": [
        ("Servers", "dns", f"{LIST}inventory_server", "", "inventory.view_server"),
        ("Playbooks", "menu_book", f"{LIST}automation_playbook", "", "automation.view_playbook"),
        ("Credentials", "key", f"{LIST}inventory_credential", "", "inventory.view_credential"),
        ("Vault passwords", "lock", VAULT, "", "automation.view_vaultpassword"),
    ],
    "Administration": [
        ("Audit trail", "policy", f"{LIST}audit_auditlog", "", "audit.view_auditlog"),
        ("Users", "group", f"{LIST}accounts_user", "", "accounts.view_user"),
        ("API keys", "key", f"{LIST}accounts_apikey", "", "accounts.view_own_apikey"),
        ("API", "api", "api:docs", "", ""),
        ("Workers", "memory", f"{LIST}automation_worker", "", "automation.view_worker"),
        ("Schedules", "event_repeat", f"{LIST}django_q_schedule", "", "django_q.view_schedule"),
        ("Queue failures", "report", f"{LIST}django_q_failure", "", "django_q.view_failure"),
    ],
}
FOUND = 6


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of links for this person, as the shell wants them."""
    groups = []
    for title, entries in ENTRIES.items():
        items = [
            {
                "title": words,
                "icon": icon,
                "link": _path(name) + query,
                "active": _is_here(request, _path(name)),
            }
            for words, icon, name, query, permission in entries
            if not permission or request.user.has_perm(permission)
        ]
        if items:
            groups.append({"title": title, "separator": bool(title), "items": items})
    return groups


def _path(name: str) -> str:
    return reverse(f"{name}_changelist" if name.startswith(LIST) else name)


def _is_here(request: HttpRequest, path: str) -> bool:
    match = request.resolver_match
    if match and match.view_name == "automation:job_detail":
        return path == reverse("admin:automation_job_changelist")
    return request.path == path if path == reverse("home") else request.path.startswith(path)


def may_see_history(request: HttpRequest) -> bool:
    """Whether an object's page offers its story: it is the audit trail."""
    return request.user.has_perm("audit.view_auditlog")


def found(request: HttpRequest, text: str) -> list[SearchResult]:
    """What the command search finds among the rows: a few of each kind."""
    user = request.user
    results: list[SearchResult] = []
    if user.has_perm("inventory.view_server"):
        servers = Server.objects.search(text)[:FOUND]
        results += [_result(row, row.environment, "dns") for row in servers]
    if user.has_perm("automation.view_playbook"):
        playbooks = Playbook.objects.filter(name__icontains=text)[:FOUND]
        results += [_result(row, "Playbook", "menu_book") for row in playbooks]
    if user.has_perm("tickets.view_ticket"):
        tickets = Ticket.objects.filter(title__icontains=text).order_by("-id")[:FOUND]
        results += [_result(row, row.get_status_display(), TICKET) for row in tickets]
    if user.has_perm("automation.view_job") and _looks_like_id(text):
        jobs = Job.objects.recent().filter(job_id__startswith=text)[:FOUND]
        results += [_result(row, f"Job, {row.status}", "bolt") for row in jobs]
    if user.has_perm("accounts.view_user"):
        people = User.objects.filter(Q(username__icontains=text) | Q(email__icontains=text))[:FOUND]
        results += [_result(row, row.get_role_display(), "person") for row in people]
    return results


def _result(row: Any, description: str, icon: str) -> SearchResult:
    return SearchResult(
        title=str(row), description=description, link=row.get_absolute_url(), icon=icon
    )


def _looks_like_id(text: str) -> bool:
    """At least eight digits of a job's id."""
    digits = text.replace("-", "")
    try:
        UUID(digits.ljust(32, "0"))
    except ValueError:
        return False
    return len(digits) >= 8
