"""What each role may do: the whole answer is the table below.

A viewer reads, an operator also launches and works tickets, an admin manages. Permissions have
Django's names ("app.verb_model"); a verb of ours stands beside the four that Django knows.
"""

VIEWER = {
    "accounts.view_own_apikey",
    "accounts.view_savedview",
    "accounts.add_savedview",
    "accounts.change_savedview",
    "accounts.delete_savedview",
    "inventory.view_server",
    "inventory.view_serverfacts",
    "automation.view_playbook",
    "automation.view_run",
    "automation.view_job",
    "automation.view_joblog",
    "automation.view_taskresult",
    "automation.view_worker",
    "tickets.view_ticket",
    "tickets.view_ticketoccurrence",
}
OPERATOR = VIEWER | {
    "accounts.share_savedview",
    "automation.launch_playbook",
    "automation.cancel_job",
    "tickets.add_ticket",
    "tickets.change_ticket",
    "tickets.work_ticket",
    "inventory.check_server",
    "inventory.view_credential",
    "inventory.use_credential",
}
ADMIN = OPERATOR | {
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "accounts.delete_user",
    "accounts.view_apikey",
    "accounts.add_apikey",
    "accounts.revoke_apikey",
    "accounts.manage_savedview",
    "audit.view_auditlog",
    "inventory.add_server",
    "inventory.change_server",
    "inventory.delete_server",
    "inventory.add_credential",
    "inventory.change_credential",
    "inventory.delete_credential",
    "automation.add_playbook",
    "automation.change_playbook",
    "automation.delete_playbook",
    "automation.accept_playbook",
    "automation.override_check",
    "automation.view_vaultpassword",
    "automation.add_vaultpassword",
    "automation.change_vaultpassword",
    "automation.delete_vaultpassword",
    "django_q.view_schedule",
    "django_q.view_failure",
    "django_q.view_ormq",
}

BY_ROLE = {"viewer": VIEWER, "operator": OPERATOR, "admin": ADMIN}


def roles_with(permission: str) -> list[str]:
    return [role for role, granted in BY_ROLE.items() if permission in granted]
