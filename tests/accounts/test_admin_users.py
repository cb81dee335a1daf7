"""Users in the admin: added with a password, changed, kept if history names them."""

import pytest
from django.urls import reverse

from accounts.models import User
from audit.models import AuditLog
from tests import make

LIST = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")
STRONG = "a long enough passphrase"


def change(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def form(**more):
    names = {"username": "dora", "email": "Dora@Example.com", "role": "operator"}
    return names | {"password1": STRONG, "password2": STRONG} | more


def test_an_admin_adds_one_with_a_password(client_of, boss):
    answer = client_of(boss).post(ADD, form())
    dora = User.objects.get(username="dora")
    assert answer.status_code == 302
    assert dora.check_password(STRONG) and dora.email == "dora@example.com"
    line = AuditLog.objects.about(dora).get()
    assert line.action == "user.created" and STRONG not in str(line.details)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password2", "another one entirely"),
        ("password1", ""),
        ("username", "boss"),
        ("username", "BOSS"),
        ("email", "BOSS@example.com"),
        ("email", "no address"),
        ("role", "owner"),
    ],
)
def test_an_error_stands_at_its_field(client_of, boss, field, value):
    answer = client_of(boss).post(ADD, form(**{field: value}))
    errors = answer.context["adminform"].form.errors
    assert {field, "password2"} & errors.keys()
    assert User.objects.count() == 1


def test_a_weak_password_is_refused(client_of, boss):
    answer = client_of(boss).post(ADD, form(password1="1234", password2="1234"))
    assert "password2" in answer.context["adminform"].form.errors


def test_a_password_is_changed_and_never_shown(client_of, boss, alice):
    path = reverse("admin:auth_user_password_change", args=[alice.pk])
    new = {"password1": STRONG, "password2": STRONG}
    assert client_of(boss).post(path, new).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(STRONG)
    assert alice.password not in client_of(boss).get(change(alice)).content.decode()


def test_everybody_changes_their_own(client_of, bob):
    path = reverse("admin:password_change")
    new = {"old_password": make.PASSWORD, "new_password1": STRONG, "new_password2": STRONG}
    assert client_of(bob).post(path, new).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(STRONG)


def test_signing_in_and_out(client, bob):
    login = reverse("admin:login")
    assert "Operations console" not in client.get(login).content.decode()
    wrong = client.post(login, {"username": "bob", "password": "wrong"})
    assert wrong.status_code == 200
    answer = client.post(login, {"username": "bob", "password": make.PASSWORD}, follow=True)
    assert answer.request["PATH_INFO"] == reverse("home")
    client.post(reverse("admin:logout"))
    assert client.get(reverse("home")).status_code == 302


def test_a_role_is_changed_and_recorded(client_of, boss, alice):
    edited = {"username": "alice", "email": alice.email, "role": "viewer", "is_active": "on"}
    assert client_of(boss).post(change(alice), edited).status_code == 302
    line = AuditLog.objects.about(alice).first()
    assert line.details["changes"]["role"] == ["operator", "viewer"]


@pytest.mark.parametrize("edit", [{"role": "viewer"}, {"is_active": ""}])
def test_the_last_admin_stays_one(client_of, boss, edit):
    fields = {"username": "boss", "email": boss.email, "role": "admin", "is_active": "on"}
    answer = client_of(boss).post(change(boss), fields | edit)
    assert answer.status_code == 200
    boss.refresh_from_db()
    assert boss.is_superuser


@pytest.mark.parametrize("path", ["delete", "action"])
def test_the_last_admin_is_not_deleted(client_of, boss, path):
    if path == "delete":
        url, data = reverse("admin:accounts_user_delete", args=[boss.pk]), {"post": "yes"}
    else:
        url = LIST
        data = {"action": "delete_selected", "_selected_action": boss.pk, "post": "yes"}
    client_of(boss).post(url, data)
    assert User.objects.filter(pk=boss.pk).exists()


def test_one_whom_history_names_stays(client_of, boss):
    user = make.job().user
    path = reverse("admin:accounts_user_delete", args=[user.pk])
    assert "deactivate it instead" in client_of(boss).get(path).content.decode()
    client_of(boss).post(path, {"post": "yes"})
    assert User.objects.filter(pk=user.pk).exists()


def test_one_with_a_key_only_goes_with_it(client_of, boss):
    key, _ = make.api_key()
    path = reverse("admin:accounts_user_delete", args=[key.owner.pk])
    client_of(boss).post(path, {"post": "yes"})
    assert not User.objects.filter(pk=key.owner.pk).exists()


def test_nobody_else_manages_users(client_of, alice, bob):
    for user in (alice, bob):
        client = client_of(user)
        assert client.get(LIST).status_code == 403
        assert client.post(ADD, form()).status_code == 403
        assert client.post(change(user), {"role": "admin"}).status_code == 403
