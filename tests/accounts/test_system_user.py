"""The system user, the actor for what no person did: it cannot log in and is in no list."""

import io

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, User
from audit.models import AuditLog
from infraops.search import search
from schema.exceptions import Refused
from tests import make
from tests.at_once import at_once
from tickets.models import assignees

pytestmark = pytest.mark.django_db

USERS = reverse("admin:accounts_user_changelist")


@pytest.fixture
def system() -> User:
    return User.objects.system()


def rows_of_it() -> int:
    return User._base_manager.filter(is_system=True).count()


# --- The row --------------------------------------------------------------------------------------


def test_there_is_one(system, django_assert_num_queries):
    assert rows_of_it() == 1
    with django_assert_num_queries(1):
        assert User.objects.system() == system
    assert (system.username, system.email) == ("system", "system@infraops.invalid")
    assert (system.is_active, system.has_usable_password()) == (False, False)
    assert not system.is_superuser and not system.is_staff


def test_it_comes_back_when_its_row_is_gone():
    User._base_manager.filter(is_system=True).delete()
    before = AuditLog.objects.count()
    assert User.objects.system() == User.objects.system()
    assert rows_of_it() == 1 and AuditLog.objects.count() == before


@pytest.mark.parametrize(
    ("people", "name"),
    [
        ([{"username": "system"}], "infraops-system"),
        ([{"email": "system@infraops.invalid"}], "infraops-system"),
        ([{"username": "system"}, {"username": "infraops-system"}], "infraops-system-2"),
    ],
)
def test_a_person_of_that_name_keeps_it(people, name):
    User._base_manager.filter(is_system=True).delete()
    kept = [make.user(**fields) for fields in people]
    assert User.objects.system().username == name
    assert all(not User.objects.get(pk=person.pk).is_system for person in kept)


@pytest.mark.django_db(transaction=True)
def test_two_who_make_it_at_the_same_moment_get_the_same():
    User._base_manager.filter(is_system=True).delete()
    first, *others = at_once([User.objects.system] * 4)
    assert others == [first] * 3 and rows_of_it() == 1


def migrate(name: str = "") -> None:
    """Migrate accounts to this migration, or to the latest one."""
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes("accounts")
    executor.migrate([("accounts", name)] if name else latest)


@pytest.mark.django_db(transaction=True)
def test_taken_back_it_leaves_its_lines_to_nobody():
    line = make.audit_line("run.finished", make.job().run, actor=User.objects.system())
    migrate("0003_system_user")
    try:
        before = rows_of_it()
        line.refresh_from_db()
        connection.check_constraints()
    finally:
        migrate()
    assert (before, rows_of_it()) == (0, 1)
    assert (line.user_id, line.actor_name) == (None, "system")


@pytest.mark.django_db(transaction=True)
def test_the_migration_makes_it_beside_a_person_of_that_name_and_takes_it_back():
    migrate("0003_system_user")
    try:
        before = rows_of_it()
        of_then = MigrationExecutor(connection).loader.project_state(
            ("accounts", "0003_system_user")
        )
        users = of_then.apps.get_model("accounts", "User").objects
        person = users.create(username="system", email="system@example.com", password="!")
    finally:
        migrate()
    system = User._base_manager.get(is_system=True)
    assert (before, system.username, system.is_active) == (0, "infraops-system", False)
    assert not system.has_usable_password()
    assert User.objects.get(username="system").pk == person.pk


def test_the_database_keeps_it_inactive(system):
    rows = User._base_manager.filter(pk=system.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(is_active=True)
    with pytest.raises(ValidationError):
        User.objects.make_admin(system, "A rather long passphrase 1")


# --- No login -------------------------------------------------------------------------------------


def test_it_logs_in_with_no_password(system):
    system.set_password(make.PASSWORD)
    system.save()
    assert authenticate(username="system", password=make.PASSWORD) is None
    client = Client()
    client.post("/admin/login/", {"username": "system", "password": make.PASSWORD})
    assert client.get("/").status_code == 302


def test_a_session_of_it_is_nobodys(system, client_of):
    assert client_of(system).get("/").status_code == 302


def test_it_has_no_key(system, boss, api, api_of):
    with pytest.raises(Refused):
        ApiKey.objects.issue(system, name="x")
    with pytest.raises(CommandError, match="no user"):
        call_command("create_api_key", "system", name="x")
    answer = api_of(boss).post("/api/api-keys", {"name": "x", "owner": "system"}, format="json")
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["owner"]
    key, token = make.api_key(boss)
    ApiKey.objects.filter(pk=key.pk).update(owner=system)
    assert api.get("/api/jobs", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_it_has_no_rights_and_is_no_admin(system, boss):
    User._base_manager.filter(pk=system.pk).update(role="admin")
    system.refresh_from_db()
    assert not system.has_perm("automation.view_job") and not system.has_module_perms("automation")
    assert list(User.objects.admins()) == [boss] and boss.is_last_admin()
    with pytest.raises(User.DoesNotExist):
        User.objects.acting_in_terminal("system")
    assert User.objects.acting_in_terminal() == boss


# --- Not listed -----------------------------------------------------------------------------------


def test_no_list_has_it(system, boss, client_of, api_of, rf):
    client = client_of(boss)
    assert system not in client.get(USERS).context["cl"].result_list
    assert system not in client.get(USERS, {"q": "system"}).context["cl"].result_list
    answer = client.get(
        reverse("admin:autocomplete"),
        {
            "term": "system",
            "app_label": "accounts",
            "model_name": "apikey",
            "field_name": "owner",
        },
    )
    assert answer.json()["results"] == []
    assert [row["username"] for row in api_of(boss).get("/api/users").json()["results"]] == ["boss"]
    assert system not in assignees()
    request = rf.get("/")
    request.user = boss
    assert search(request, "system") == []


def test_a_ticket_is_not_given_to_it(system, alice, api_of):
    ticket = make.ticket()
    answer = api_of(alice).post(
        f"/api/tickets/{ticket.ticket_id}/assign", {"assigned_to": "system"}, format="json"
    )
    assert answer.status_code == 400
    with pytest.raises(Refused):
        ticket.assign(alice, system)


# --- Not editable ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_the_console_does_not_know_it(system, boss, client_of, page):
    """The admin redirects to its index, as for any row that does not exist."""
    client = client_of(boss)
    path = reverse(f"admin:accounts_user_{page}", args=[system.pk])
    for answer in (client.get(path), client.post(path, {"post": "yes", "is_active": "on"})):
        assert answer.status_code == 302 and answer["Location"] == reverse("admin:index")
    password = reverse("admin:auth_user_password_change", args=[system.pk])
    assert client.get(password).status_code == 404
    assert User._base_manager.filter(pk=system.pk, is_active=False).exists()


def test_the_bulk_actions_do_not_reach_it(system, boss, client_of):
    client_of(boss).post(
        USERS, {"action": "delete_selected", "_selected_action": [system.pk], "post": "yes"}
    )
    assert rows_of_it() == 1


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_the_api_does_not_know_it(system, boss, api_of, method):
    answer = getattr(api_of(boss), method)(f"/api/users/{system.pk}", {}, format="json")
    assert answer.status_code == 404


def test_it_is_not_deleted(system):
    with pytest.raises(Refused):
        system.delete()
    assert User.objects.all().delete()[0] == 0 and rows_of_it() == 1


def test_its_names_are_taken(system, boss, client_of, api_of):
    with pytest.raises(ValidationError) as refused:
        User.objects.create_user("System", "SYSTEM@infraops.invalid", make.PASSWORD)
    assert set(refused.value.message_dict) == {"username", "email"}
    given = {"username": "system", "email": "x@example.com", "password": "A long passphrase 1"}
    answer = api_of(boss).post("/api/users", given, format="json")
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["username"]
    answer = api_of(boss).patch(f"/api/users/{boss.pk}", {"username": "system"}, format="json")
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["username"]
    form = {
        "username": "system",
        "email": "x@example.com",
        "role": "viewer",
        "password1": "A long passphrase 1",
        "password2": "A long passphrase 1",
    }
    page = client_of(boss).post(reverse("admin:accounts_user_add"), form)
    assert page.status_code == 200 and "already exists" in page.content.decode()
    assert User.objects.count() == 1


def test_create_admin_does_not_let_it_in(system, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("A long passphrase 1\n"))
    with pytest.raises(CommandError, match="already exists"):
        call_command(
            "create_admin",
            username="system",
            email="x@example.com",
            password_stdin=True,
            reset_password=True,
        )
    system.refresh_from_db()
    assert not system.has_usable_password()


# --- In the audit trail ---------------------------------------------------------------------------


def test_its_lines_are_found(system, boss, client_of, api_of):
    line = make.audit_line("run.finished", make.job().run, actor=system)
    assert (line.user_id, line.actor_name) == (system.pk, "system")
    answer = client_of(boss).get(
        reverse("admin:audit_auditlog_changelist"), {"user__id__exact": system.pk}
    )
    assert answer.status_code == 200 and list(answer.context["cl"].result_list) == [line]
    assert [chip.value for chip in answer.context["cl"].chips] == ["system"]
    rows = api_of(boss).get("/api/audit-logs", {"user": "system"}).json()["results"]
    assert [row["id"] for row in rows] == [line.pk]
