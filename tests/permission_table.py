"""Every URL and the roles that each of its methods allows; read by test_permissions.py."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django_q.models import Schedule

from tests import make

from .permission_arguments import (
    Arguments,
    artifact,
    failed_task,
    failure,
    job_id,
    job_with_a_task,
    key,
    living_worker,
    log_line,
    nothing,
    own_comment,
    own_key,
    own_session,
    own_view,
    run_with_a_host,
    server_that_is_off,
    server_with_facts,
    server_with_host_key,
    story_of_a_server,
    task_result,
    ticket_id,
    ticket_on_site,
    worker,
)


class Who(IntEnum):
    """The roles that may; admins always may. VIEWER: every role. READER: auditors and operators.

    NOBODY: the page exists, but is closed to all.
    """

    EVERYBODY = 0
    VIEWER = 1
    READER = 2
    AUDITOR = 3
    OPERATOR = 4
    ADMIN = 5
    NOBODY = 6


EVERYBODY, VIEWER, READER, AUDITOR, OPERATOR, ADMIN, NOBODY = Who

# What each user may open.
OPEN_TO: dict[str, set[Who]] = {
    "boss": set(Who) - {NOBODY},
    "alice": {EVERYBODY, VIEWER, READER, OPERATOR},
    "vera": {EVERYBODY, VIEWER, READER, AUDITOR},
    "bob": {EVERYBODY, VIEWER},
    "charlie": {EVERYBODY},
    "a stranger": {EVERYBODY},
}


@dataclass(frozen=True)
class Page:
    """`wants` is {method: role}; `arguments(user)` returns those of the URL, of a row that it makes
    for the user (None: a stranger)."""

    wants: dict[str, Who]
    arguments: Arguments = nothing
    query: str = ""
    body: str = ""
    content_type: str = "application/x-www-form-urlencoded"


def page(get: Who, arguments: Arguments = nothing, **more: Any) -> Page:
    """A page for reading."""
    return Page({"GET": get}, arguments, **more)


def verb(post: Who, arguments: Arguments = nothing, **more: Any) -> Page:
    """A button: POST only."""
    return Page({"POST": post}, arguments, **more)


def form(who: Who, arguments: Arguments = nothing, **more: Any) -> Page:
    """A page with a form."""
    return Page({"GET": who, "POST": who}, arguments, **more)


def api(arguments: Arguments = nothing, **wants: Who) -> Page:
    return Page(wants, arguments, body="{}", content_type="application/json")


def admin_pages(
    model: str,
    key: Arguments,
    *,
    view: Who = VIEWER,
    add: Who = NOBODY,
    change: Who = NOBODY,
    delete: Who = NOBODY,
    history: Who = AUDITOR,
    export: bool = False,
) -> dict[str, Page]:
    """The five admin pages of a model ("tickets_ticket"); for some, the export."""
    files = {f"admin:{model}_export": page(view, lambda user: ["csv"])} if export else {}
    return {
        **files,
        f"admin:{model}_changelist": page(view),
        f"admin:{model}_add": form(add),
        f"admin:{model}_change": Page({"GET": view, "POST": change}, key),
        f"admin:{model}_delete": form(delete, key),
        f"admin:{model}_history": page(history, key),
    }


# Pages of packages, whose methods are not ours to specify.
PREFIXES_OF_PACKAGES = ("admin:", "favicon")

TICKET_VERBS = ("start", "resolve", "close", "reopen", "assign", "prioritise")

CONSOLE = {
    "home": page(VIEWER),
    "home_live": page(VIEWER),
    "accounts:view_save": verb(VIEWER, body="list_name=automation_job&name=Mine&query="),
    "accounts:view_change": verb(VIEWER, own_view),
    "accounts:view_remove": verb(VIEWER, own_view),
    "favicon": page(EVERYBODY),
    "automation:job_detail": page(VIEWER, job_id),
    "automation:job_lines": page(VIEWER, job_id),
    "automation:job_search": page(VIEWER, job_id),
    "automation:job_tasks": page(VIEWER, job_id),
    "automation:job_task": page(VIEWER, job_with_a_task),
    "automation:job_log_download": page(VIEWER, job_id),
    "automation:job_cancel": verb(OPERATOR, job_id),
    "automation:job_launch": form(OPERATOR),
    "automation:job_launch_variables": page(OPERATOR),
    "automation:run_detail": page(VIEWER, key(make.run)),
    "automation:run_live": page(VIEWER, key(make.run)),
    "automation:run_host_task": page(VIEWER, run_with_a_host),
    "automation:run_lines": page(VIEWER, key(make.run)),
    "automation:run_search": page(VIEWER, key(make.run)),
    "automation:run_log_download": page(VIEWER, key(make.run)),
    "automation:job_launch_servers": verb(OPERATOR),
    "automation:job_launch_plan": verb(OPERATOR),
    "automation:run_relaunch": form(OPERATOR, key(make.run)),
    "automation:run_artifact": page(OPERATOR, artifact),
    "automation:run_cancel": verb(OPERATOR, key(make.run)),
    "inventory:inventory_export": form(VIEWER, key(make.inventory)),
    "inventory:server_detail": page(VIEWER, key(make.server)),
    "inventory:server_fetch_host_key": verb(ADMIN, key(server_that_is_off)),
    "inventory:server_pin_host_key": verb(ADMIN, key(make.server)),
    "inventory:server_forget_host_key": verb(ADMIN, key(make.server)),
    **{f"inventory:source_{name}": page(VIEWER, key(make.source)) for name in ("detail", "live")},
    **{f"inventory:source_{name}": verb(ADMIN, key(make.source)) for name in ("check", "sync")},
    "automation:server_check": verb(OPERATOR, key(make.server)),
    "automation:playbook_detail": page(VIEWER, key(make.playbook)),
    "automation:playbook_accept": verb(ADMIN, key(make.playbook)),
    "tickets:ticket_detail": page(VIEWER, ticket_id),
    "tickets:ticket_relaunch": form(OPERATOR, ticket_id),
    "tickets:ticket_comment": verb(OPERATOR, ticket_id, body="text=Seen"),
    "tickets:comment_edit": form(OPERATOR, own_comment, body="text=Other"),
    **{f"tickets:ticket_{name}": verb(OPERATOR, ticket_id) for name in TICKET_VERBS},
}

API = {
    "api:root": api(GET=VIEWER),
    "api:health": api(living_worker, GET=EVERYBODY),
    "api:schema": api(GET=VIEWER),
    "api:docs": api(GET=VIEWER),
    "api:server-list": api(GET=VIEWER, POST=ADMIN),
    "api:server-detail": api(key(make.server), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:server-facts": api(server_with_facts, GET=VIEWER),
    "api:server-forget-host-key": api(key(server_with_host_key), POST=ADMIN),
    "api:server-fetch-host-key": api(key(server_that_is_off), POST=ADMIN),
    "api:server-pin-host-key": api(key(make.server), POST=ADMIN),
    "api:server-check-summary": api(key(make.server), GET=VIEWER),
    "api:server-check-check": api(key(make.server), POST=OPERATOR),
    "api:dynamic-inventory-list": api(GET=VIEWER, POST=ADMIN),
    "api:inventory-list": api(GET=VIEWER, POST=ADMIN),
    "api:inventory-detail": api(key(make.inventory), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:smartgroup-list": api(GET=VIEWER, POST=ADMIN),
    "api:smartgroup-detail": api(key(make.smart_group), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:inventorysource-list": api(GET=VIEWER, POST=ADMIN),
    "api:inventorysource-detail": api(key(make.source), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:inventorysource-sync": api(key(make.source), POST=ADMIN),
    "api:variableoverride-list": api(GET=VIEWER, POST=ADMIN),
    "api:variableoverride-detail": api(key(make.override), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:servergroup-list": api(GET=VIEWER, POST=ADMIN),
    "api:servergroup-detail": api(key(make.group), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:credential-list": api(GET=READER, POST=ADMIN),
    "api:credential-detail": api(key(make.credential), GET=READER, PATCH=ADMIN, DELETE=ADMIN),
    "api:vaultpassword-list": api(GET=AUDITOR, POST=ADMIN),
    "api:vaultpassword-detail": api(
        key(make.vault_password), GET=AUDITOR, PATCH=ADMIN, DELETE=ADMIN
    ),
    "api:playbook-list": api(GET=VIEWER, POST=ADMIN),
    "api:playbook-detail": api(key(make.playbook), GET=VIEWER, PATCH=ADMIN, DELETE=ADMIN),
    "api:playbook-statistics": api(key(make.playbook), GET=VIEWER),
    "api:playbook-source": api(key(make.playbook), GET=VIEWER),
    "api:playbook-accept": api(key(make.playbook), POST=ADMIN),
    "api:job-list": api(GET=VIEWER, POST=OPERATOR),
    "api:job-detail": api(job_id, GET=VIEWER),
    "api:job-logs": api(job_id, GET=VIEWER),
    "api:job-tasks": api(job_id, GET=VIEWER),
    "api:job-cancel": api(job_id, POST=OPERATOR),
    "api:job-relaunch": api(job_id, POST=OPERATOR),
    "api:run-list": api(GET=VIEWER),
    "api:run-detail": api(key(make.run), GET=VIEWER),
    "api:run-matrix": api(key(make.run), GET=VIEWER),
    "api:run-logs": api(key(make.run), GET=VIEWER),
    "api:run-artifacts": api(key(make.run), GET=VIEWER),
    "api:run-artifact": api(artifact, GET=OPERATOR),
    "api:run-host-results": api(key(make.run), GET=VIEWER),
    "api:run-cancel": api(key(make.run), POST=OPERATOR),
    "api:run-relaunch": api(key(make.run), POST=OPERATOR),
    "api:ticket-list": api(GET=VIEWER, POST=OPERATOR),
    "api:ticket-detail": api(ticket_id, GET=VIEWER, PATCH=OPERATOR),
    "api:ticket-start": api(ticket_id, POST=OPERATOR),
    "api:ticket-resolve": api(ticket_id, POST=OPERATOR),
    "api:ticket-close": api(ticket_id, POST=OPERATOR),
    "api:ticket-reopen": api(ticket_id, POST=OPERATOR),
    "api:ticket-relaunch": api(ticket_id, POST=OPERATOR),
    "api:ticket-comments": api(ticket_id, GET=VIEWER, POST=OPERATOR),
    "api:ticket-edit-comment": api(own_comment, PATCH=OPERATOR, DELETE=OPERATOR),
    "api:ticket-assign": api(ticket_id, POST=OPERATOR),
    "api:auditlog-list": api(GET=AUDITOR),
    "api:auditlog-detail": api(key(make.audit_line), GET=AUDITOR),
    "api:seal-list": api(GET=AUDITOR),
    "api:seal-detail": api(key(make.seal), GET=AUDITOR),
    "api:user-list": api(GET=AUDITOR, POST=ADMIN),
    "api:user-detail": api(key(make.user), GET=AUDITOR, PATCH=ADMIN, DELETE=ADMIN),
    "api:user-end-sessions": api(key(make.user), POST=ADMIN),
    "api:user-me": api(GET=VIEWER),
    "api:apikey-list": api(GET=VIEWER, POST=ADMIN),
    "api:apikey-detail": api(own_key, GET=VIEWER),
    "api:apikey-revoke": api(own_key, POST=VIEWER),
    "api:session-list": api(GET=VIEWER),
    "api:session-detail": api(own_session, GET=VIEWER),
    "api:session-end": api(own_session, POST=VIEWER),
    "api:session-end-others": api(POST=VIEWER),
    "api:failedattempts-list": api(GET=AUDITOR),
    "api:failedattempts-detail": api(failure, GET=AUDITOR),
    "api:failedattempts-unblock": api(failure, POST=ADMIN),
    "api:savedview-list": api(GET=VIEWER, POST=VIEWER),
    "api:savedview-detail": api(own_view, GET=VIEWER, PATCH=VIEWER, DELETE=VIEWER),
}

SHELL = {
    "admin:index": page(VIEWER),
    "admin:search": page(VIEWER),
    "app_index": page(VIEWER, lambda user: ["automation"]),
    "command_search": page(VIEWER, query="?s=web"),
    "admin:login": page(EVERYBODY),
    "admin:logout": verb(VIEWER),
    "admin:password_change": form(VIEWER),
    "accounts:own_password": form(VIEWER),
    "accounts:account": page(VIEWER),
    "accounts:session_end": verb(VIEWER, own_session),
    "accounts:sessions_end_others": verb(VIEWER),
    "accounts:user_sessions_end": verb(ADMIN, key(make.user)),
    "admin:password_change_done": page(VIEWER),
    "admin:auth_user_password_change": form(ADMIN, key(make.user)),
    "admin:jsi18n": page(VIEWER),
    "admin:autocomplete": page(
        VIEWER, query="?app_label=automation&model_name=job&field_name=playbook"
    ),
    "admin:view_on_site": page(VIEWER, ticket_on_site),
    "admin:app_list": page(VIEWER, lambda user: ["automation"]),
}

BY_ADMINS = {"add": ADMIN, "change": ADMIN, "delete": ADMIN}
RECORDS = {
    **admin_pages(
        "accounts_user", key(make.user), view=AUDITOR, add=ADMIN, change=ADMIN, delete=ADMIN
    ),
    **admin_pages("accounts_apikey", own_key, view=VIEWER, add=ADMIN),
    **admin_pages("accounts_session", own_session, view=VIEWER),
    **admin_pages("accounts_failedattempts", failure, view=AUDITOR),
    "audit:story": page(AUDITOR, story_of_a_server),
    **admin_pages("audit_auditlog", key(make.audit_line), view=AUDITOR, export=True),
    **admin_pages("inventory_inventory", key(make.inventory), **BY_ADMINS),
    **admin_pages("inventory_servergroup", key(make.group), add=ADMIN, change=ADMIN, delete=ADMIN),
    **admin_pages("inventory_smartgroup", key(make.smart_group), **BY_ADMINS),
    **admin_pages("inventory_inventorysource", key(make.source), **BY_ADMINS),
    **admin_pages("inventory_variableoverride", key(make.override), **BY_ADMINS),
    **admin_pages("inventory_server", key(make.server), **BY_ADMINS, export=True),
    **admin_pages("inventory_credential", key(make.credential), view=READER, **BY_ADMINS),
    **admin_pages("automation_vaultpassword", key(make.vault_password), view=AUDITOR, **BY_ADMINS),
    **admin_pages("automation_playbook", key(make.playbook), **BY_ADMINS, export=True),
    # These three redirect to their own page, whatever the method.
    **admin_pages("automation_run", key(make.run), change=VIEWER, export=True),
    **admin_pages("automation_job", key(make.job), change=VIEWER, export=True),
    **admin_pages("automation_joblog", key(log_line), change=VIEWER),
    **admin_pages("automation_worker", key(worker)),
    **admin_pages("automation_taskresult", key(task_result)),
    **admin_pages("tickets_ticket", key(make.ticket), add=OPERATOR, change=OPERATOR, export=True),
    **admin_pages("django_q_schedule", key(Schedule.objects.first), view=AUDITOR),
    **admin_pages("django_q_failure", key(failed_task), view=AUDITOR),
}

TABLE: dict[str, Page] = {**CONSOLE, **API, **SHELL, **RECORDS}
