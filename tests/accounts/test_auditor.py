"""Auditors read everything, including the audit trail and exports, and change nothing."""

import pytest
from django.contrib.auth.hashers import get_hasher
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from accounts.models import ApiKey, SavedView, User
from audit.models import AuditLog
from automation.models import Run
from tests import make
from tests.permission_table import TABLE, Who

# What all users may do for themselves, without touching anybody else's rows.
OWN = {
    "accounts:view_save",
    "accounts:view_change",
    "accounts:view_remove",
    "accounts:session_end",
    "accounts:sessions_end_others",
    "accounts:own_password",
    "api:session-end",
    "api:session-end-others",
    "api:apikey-revoke",
    "api:savedview-list",
    "api:savedview-detail",
    "admin:logout",
    "admin:password_change",
    # Gives a file, and changes nothing; with secrets for admins only.
    "inventory:inventory_export",
    # Pages that redirect, whatever is sent.
    "admin:automation_run_change",
    "admin:automation_job_change",
    "admin:automation_joblog_change",
}


def test_no_url_lets_one_change_what_is_not_ones_own():
    mine = (Who.EVERYBODY, Who.VIEWER, Who.READER, Who.AUDITOR)
    changing = {
        name
        for name, row in TABLE.items()
        for method, who in row.wants.items()
        if method != "GET" and who in mine and name not in ("admin:login",)
    }
    assert changing <= OWN


def test_the_trail_can_be_read_and_taken_away_as_a_file(client_of, api_of, vera):
    line = make.audit_line("server.updated", make.server(hostname="web7.example.com"))
    client = client_of(vera)
    listed = client.get(reverse("admin:audit_auditlog_changelist")).content.decode()
    assert "web7.example.com" in listed and "Audit trail" in listed
    path = reverse("admin:audit_auditlog_export", args=["csv"])
    assert b"web7.example.com" in b"".join(client.get(path).streaming_content)
    assert api_of(vera).get(f"/api/audit-logs/{line.pk}").data["action"] == "server.updated"


def test_the_pages_offer_no_button_that_changes_anything(client_of, vera):
    job = make.job(status="failed")
    make.occurrence(make.ticket(job=job), job)
    rows = (job, job.run, job.server, job.playbook, job.occurrence.ticket)
    for row in rows:
        page = client_of(vera).get(row.get_absolute_url()).content.decode()
        main = page[page.index('id="main"') :]
        assert 'method="post"' not in main and ">Edit" not in main, row
        assert reverse("automation:job_launch") not in page, row


def test_launch_cancel_comment_and_assignment_are_refused_by_the_verbs_too(vera):
    job, ticket = make.job(status="running"), make.ticket()
    for verb in (
        lambda: job.cancel(vera),
        lambda: ticket.comment(vera, "Seen"),
        lambda: ticket.assign(vera, vera),
        lambda: ticket.resolve(vera),
        lambda: job.server.edit(vera, environment="other"),
    ):
        with pytest.raises(PermissionDenied):
            verb()
    playbook, server = make.playbook(), make.server()
    with pytest.raises(CommandError):
        call_command("run_playbook", playbook.name, f"--server={server}", f"--user={vera}")
    assert Run.objects.count() == 1


def test_nobody_assigns_a_ticket_to_one(client_of, alice, vera):
    ticket = make.ticket()
    path = reverse("tickets:ticket_assign", args=[ticket.ticket_id])
    assert client_of(alice).post(path, {"assignee": vera.pk}).status_code == 404


def test_a_view_of_ones_own_is_fine_and_one_for_others_is_not(vera):
    SavedView.objects.keep(vera, "automation_job", "Mine", "status__exact=failed", shared=False)
    with pytest.raises(PermissionDenied):
        SavedView.objects.keep(vera, "automation_job", "Ours", "", shared=True)
    assert SavedView.objects.count() == 1


def test_a_shared_view_of_earlier_days_is_taken_back_but_not_changed_for_others(alice):
    view = make.saved_view(alice, shared=True)
    User.objects.filter(pk=alice.pk).update(role="auditor")
    former = User.objects.get(pk=alice.pk)
    with pytest.raises(PermissionDenied):
        SavedView.objects.get().change(former, query="q=db")
    assert SavedView.objects.get().change(former, shared=False, query="q=db")
    assert SavedView.objects.filter(pk=view.pk, shared=False, query="q=db").exists()


@pytest.mark.django_db(transaction=True)
def test_taken_back_the_role_leaves_viewers():
    make.user(username="vera", role="auditor")
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes("accounts")
    try:
        MigrationExecutor(connection).migrate([("accounts", "0004_row_of_the_system")])
    finally:
        MigrationExecutor(connection).migrate(latest)
    assert User.objects.get(username="vera").role == "viewer"


def test_other_peoples_keys_are_seen_and_not_revoked(client_of, api_of, vera, alice):
    (own, _), (other, token) = make.api_key(vera), make.api_key(alice)
    page = client_of(vera).get(reverse("admin:accounts_apikey_changelist")).content.decode()
    assert other.prefix in page and token not in page and other.digest not in page
    assert api_of(vera).post(f"/api/api-keys/{other.pk}/revoke").status_code == 403
    sent = {"action": "revoke", "_selected_action": [other.pk], "confirmed": "yes"}
    client_of(vera).post(reverse("admin:accounts_apikey_changelist"), sent)
    other.refresh_from_db()
    assert other.revoked_at is None
    assert api_of(vera).post(f"/api/api-keys/{own.pk}/revoke").status_code == 200
    assert ApiKey.objects.get(pk=own.pk).revoked_at is not None


def test_no_secret_is_shown_that_a_viewer_does_not_see(client_of, vera, boss):
    credential = make.credential(name="Fleet", ssh_password="hunter1", become_password="hunter2")
    vault = make.vault_password(password="hunter3")
    server = make.server(variables={"db_password": "hunter4"}, credential=credential)
    boss.set_password("hunter5-and-more")
    boss.save()
    paths = [
        reverse("admin:inventory_credential_change", args=[credential.pk]),
        reverse("admin:automation_vaultpassword_change", args=[vault.pk]),
        reverse("admin:accounts_user_change", args=[boss.pk]),
        server.get_absolute_url(),
        f"/api/credentials/{credential.pk}",
        f"/api/vault-passwords/{vault.pk}",
        f"/api/users/{boss.pk}",
        f"/api/servers/{server.pk}",
        "/api/audit-logs",
    ]
    for path in paths:
        text = client_of(vera).get(path).content.decode()
        assert "hunter" not in text, path
        assert boss.password not in text and get_hasher().algorithm not in text, path
        assert 'type="password"' not in text, path


def test_an_admin_makes_one_in_the_console_and_over_the_api(client_of, api_of, boss):
    password = "A-long-word-of-night-7"
    made = {"username": "nora", "email": "nora@example.com", "role": "auditor"}
    answer = api_of(boss).post("/api/users", made | {"password": password}, format="json")
    assert answer.status_code == 201 and User.objects.get(username="nora").role == "auditor"
    form = {"username": "otto", "email": "otto@example.com", "role": "auditor"}
    client_of(boss).post(
        reverse("admin:accounts_user_add"), form | {"password1": password, "password2": password}
    )
    assert User.objects.get(username="otto").get_role_display() == "Auditor"
    assert "auditor" in api_of(boss).get("/api/schema?format=json").content.decode()
    assert AuditLog.objects.filter(action="user.created").count() == 2


def test_a_credential_is_for_no_auditor(api_of, boss):
    sent = {"name": "Fleet", "roles": ["auditor"]}
    answer = api_of(boss).post("/api/credentials", sent, format="json")
    assert answer.status_code == 400 and "roles" in answer.data["fields"]
