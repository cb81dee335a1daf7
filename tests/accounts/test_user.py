"""Users: normalised names, a slow hash, login, and what each role may do."""

import re

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import ROLES, permissions_of, roles_with
from audit.models import AuditLog
from infraops import settings as production
from tests import make
from tests.test_house_style import APPS, ROOT

pytestmark = pytest.mark.django_db

VIEWER, AUDITOR, OPERATOR, ADMIN = map(permissions_of, ROLES)
OWN_VERBS = ("launch", "cancel", "work", "check", "accept", "revoke")


def stored(column: str, user: User):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM users WHERE id = %s", [user.pk])
        return cursor.fetchone()[0]


def lines_about(user: User) -> list[AuditLog]:
    return list(AuditLog.objects.about(user).order_by("id"))


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("through", ["save", "manager", "form"])
def test_names_are_kept_in_lower_case(through):
    names = {"username": "Dora", "email": "Dora@Example.COM"}
    if through == "manager":
        user = User.objects.create_user(**names, password=make.PASSWORD)
    else:
        user = User(**names, password="!")
        if through == "form":
            user.full_clean()
            assert (user.username, user.email) == ("dora", "dora@example.com")
        user.save()
    assert (user.username, user.email) == ("dora", "dora@example.com")
    assert (stored("username", user), stored("email", user)) == ("dora", "dora@example.com")
    assert User.objects.get(username="DORA") == User.objects.get(email="DORA@example.com") == user


@pytest.mark.parametrize(
    "second",
    [
        {"username": "Alice", "email": "other@example.com"},
        {"username": "other", "email": "ALICE@example.com"},
    ],
)
def test_a_second_spelling_is_refused(alice, second):
    with pytest.raises(ValidationError):
        User.objects.create_user(**second, password=make.PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User(**second).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(**second)


def test_names_beyond_ascii_are_one_name_too():
    make.user(username="élodie")
    with pytest.raises(ValidationError):
        User(username="Élodie", email="e@example.com", password="!").full_clean()


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "<b>", "x" * 81])
def test_what_is_no_user_name_is_refused(name):
    with pytest.raises(ValidationError):
        User.objects.create_user(name, "x@example.com", make.PASSWORD)


def test_a_change_of_spelling_is_no_change(alice):
    alice.username, alice.email = "ALICE", "ALICE@example.com"
    alice.full_clean()
    alice.save()
    assert lines_about(alice) == []


# --- Passwords and login --------------------------------------------------------------------------


def test_passwords_are_kept_with_bcrypt_at_cost_12(settings):
    settings.PASSWORD_HASHERS = production.PASSWORD_HASHERS
    user = User(username="dora", email="dora@example.com")
    user.set_password("pä55 " * 30)
    user.save()
    assert stored("password_hash", user).startswith("bcrypt_sha256$$2b$12$")
    assert user.check_password("pä55 " * 30)
    # Bcrypt alone would read only the first 72 bytes.
    assert not user.check_password("pä55 " * 29)


@pytest.mark.parametrize("name", ["alice", "Alice", "ALICE"])
def test_any_spelling_logs_in(alice, name):
    assert authenticate(username=name, password=make.PASSWORD) == alice


def test_a_wrong_password_and_a_stranger_do_not(alice):
    assert authenticate(username="alice", password="wrong") is None
    assert authenticate(username="mallory", password=make.PASSWORD) is None
    assert authenticate(username="", password="") is None


def test_the_deactivated_do_not_log_in(charlie, client):
    assert authenticate(username="charlie", password=make.PASSWORD) is None
    assert not client.login(username="charlie", password=make.PASSWORD)


def test_deactivating_ends_the_session(alice, client):
    client.force_login(alice)
    assert client.get("/admin/password_change/").status_code == 200
    alice.is_active = False
    alice.save()
    assert client.get("/admin/password_change/").status_code == 302


def test_a_log_in_is_noted_and_is_one_line(alice, client):
    assert client.login(username="Alice", password=make.PASSWORD)
    alice.refresh_from_db()
    assert (timezone.now() - alice.last_login).total_seconds() < 60
    assert [line.action for line in lines_about(alice)] == ["user.logged_in"]


def test_a_changed_user_is_one_line_without_the_password(boss):
    user = User.objects.create_user("dora", "dora@example.com", make.PASSWORD)
    user.role = User.Role.OPERATOR
    user.set_password("another one 55")
    user.save()
    created, updated = lines_about(user)
    assert (created.action, updated.action) == ("user.created", "user.updated")
    assert updated.details["changes"] == {"role": ["viewer", "operator"], "password": "********"}
    for line in (created, updated):
        assert "md5$" not in str(line.details)
        assert make.PASSWORD not in str(line.details)


# --- Roles ----------------------------------------------------------------------------------------


def test_each_role_may_do_what_the_one_before_may():
    assert VIEWER < OPERATOR < ADMIN and VIEWER < AUDITOR < ADMIN
    assert set(ROLES) == set(User.Role.values)
    assert roles_with("automation.launch_playbook") == ["operator", "admin"]


def test_an_auditor_reads_everything_and_gains_no_other_right():
    gained = AUDITOR - VIEWER
    assert all(name.split(".")[1].startswith("view_") for name in gained)
    readable = {name for name in ADMIN if name.split(".")[1].startswith("view_")}
    assert readable <= AUDITOR


def test_every_permission_in_the_table_exists():
    """Permissions that Django derives from models: the four defaults, and those of Meta."""
    known = set()
    for model in apps.get_models():
        app, name = model._meta.app_label, model._meta.model_name
        known |= {f"{app}.{verb}_{name}" for verb in model._meta.default_permissions}
        known |= {f"{app}.{codename}" for codename, _label in model._meta.permissions}
    assert ADMIN - known == set()


def test_every_permission_that_is_asked_for_is_in_the_table():
    """Nobody would ever have a misspelt permission."""
    verbs = "view|view_own|add|change|delete|" + "|".join(OWN_VERBS)
    labels = "accounts|audit|inventory|automation|tickets|django_q"
    asked = re.compile(rf"(?:[\"']|perms\.)((?:{labels})\.(?:{verbs})_[a-z]+)\b")
    files = [path for kind in ("py", "html") for path in ROOT.glob(f"*/**/*.{kind}")]
    found = {
        name: path.name
        for path in files
        if path.relative_to(ROOT).parts[0] in (*APPS, "templates")
        and "migrations" not in path.parts
        for name in asked.findall(path.read_text())
    }
    assert len(found) > 20
    assert {name: file for name, file in found.items() if name not in ADMIN} == {}


def test_the_cast_may_do_what_the_table_says(boss, alice, bob, charlie):
    for user, granted in ((boss, ADMIN), (alice, OPERATOR), (bob, VIEWER), (charlie, set())):
        assert {permission for permission in ADMIN if user.has_perm(permission)} == granted
    assert not boss.has_perm("automation.no_such_permission")
    assert (boss.is_superuser, alice.is_superuser) == (True, False)
    assert (bob.is_staff, charlie.is_staff) == (True, False)
    assert bob.has_module_perms("tickets") and not bob.has_module_perms("audit")
    assert not charlie.has_module_perms("tickets")
    assert alice.has_perms(["tickets.work_ticket", "inventory.view_server"])
    assert not alice.has_perms(["tickets.work_ticket", "inventory.add_server"])


def test_an_admin_who_is_deactivated_is_none(boss):
    boss.is_active = False
    assert not boss.is_superuser
    assert not boss.has_perm("accounts.view_user")
