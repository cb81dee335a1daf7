from functools import partial

import pytest

from accounts.models import User
from audit.models import AuditLog
from tests import make
from tests.at_once import at_once
from tests.recording import recorded

URL = "/api/users"
PASSWORD = "a rather long pass phrase"
NEW = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}


def test_an_admin_adds_a_user_who_can_log_in(api_of, boss, client):
    admin = api_of(boss)
    with recorded() as lines:
        response = admin.post(URL, NEW | {"username": "Dora", "role": "operator"})
    assert response.status_code == 201
    assert response.json()["username"] == "dora"
    assert lines == ["user.created by boss"]
    assert client.login(username="dora", password=PASSWORD)


def test_no_answer_and_no_audit_line_holds_a_password(api_of, boss):
    admin = api_of(boss)
    created = admin.post(URL, NEW)
    changed = admin.patch(f"{URL}/{created.json()['id']}", {"password": "quite another one 1"})
    stored = list(User.objects.values_list("password", flat=True))
    trail = str(list(AuditLog.objects.values_list("details", flat=True)))
    said = created.content + changed.content + admin.get(URL).content
    for secret in (PASSWORD, "quite another one", *stored):
        assert secret not in said.decode() + trail
    assert not any("password" in row for row in admin.get(URL).json()["results"])


def test_a_new_password_is_recorded_once_and_works(api_of, boss, bob, client):
    admin = api_of(boss)
    with recorded() as lines:
        assert admin.patch(f"{URL}/{bob.pk}", {"password": PASSWORD}).status_code == 200
    assert lines == ["user.updated by boss"]
    assert client.login(username="bob", password=PASSWORD)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("password", "short", "too short"),
        ("password", "1234567890", "entirely numeric"),
        ("password", "dora@example", "too similar"),
        ("password", "", "may not be blank"),
        ("role", "root", "not a valid choice"),
        ("email", "nobody", "valid email"),
        ("username", "a b", "valid username"),
        ("username", "BOSS", "already exists"),
        ("email", "Boss@Example.com", "already exists"),
        ("is_superuser", True, "No such field"),
        ("password_hash", "x", "No such field"),
        ("last_login", "2026-01-01", "This field is read-only."),
    ],
)
def test_a_bad_value_is_refused_by_its_name(api_of, boss, field, value, said):
    response = api_of(boss).post(URL, NEW | {field: value})
    assert response.status_code == 400
    assert said in " ".join(response.json()["fields"][field])
    assert not User.objects.filter(username="dora").exists()


def test_a_user_needs_a_password(api_of, boss):
    response = api_of(boss).post(URL, {"username": "dora", "email": "dora@example.com"})
    assert list(response.json()["fields"]) == ["password"]


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
def test_the_last_admin_stays_one(api_of, boss, change):
    make.user(role="admin", is_active=False)
    response = api_of(boss).patch(f"{URL}/{boss.pk}", change)
    assert response.status_code == 400
    assert "last active admin" in response.json()["detail"]
    boss.refresh_from_db()
    assert boss.is_superuser


def test_the_last_admin_cannot_be_deleted(api_of, boss):
    response = api_of(boss).delete(f"{URL}/{boss.pk}")
    assert response.status_code == 409
    assert "last active admin" in response.json()["detail"]


def test_the_last_admin_cannot_be_deleted_in_the_console_either(client_of, boss):
    other = make.user(role="admin")
    client = client_of(boss)
    both = {
        "action": "delete_selected",
        "_selected_action": [boss.pk, other.pk],
        "post": "yes",
    }
    client.post("/admin/accounts/user/", both)
    assert User.objects.admins().count() == 2
    client.post(f"/admin/accounts/user/{other.pk}/delete/", {"post": "yes"})
    client.post(f"/admin/accounts/user/{boss.pk}/delete/", {"post": "yes"})
    assert list(User.objects.admins()) == [boss]


def test_one_of_two_admins_may_go(api_of, boss):
    other = make.user(role="admin")
    admin = api_of(boss)
    assert admin.patch(f"{URL}/{other.pk}", {"role": "viewer"}).status_code == 200
    with recorded() as lines:
        assert admin.delete(f"{URL}/{other.pk}").status_code == 204
    assert lines == ["user.deleted by boss"]


def test_a_user_whom_history_names_is_deactivated_and_not_deleted(api_of, boss):
    user = make.job().user
    admin = api_of(boss)
    response = admin.delete(f"{URL}/{user.pk}")
    assert response.status_code == 409
    assert "deactivate it instead" in response.json()["detail"]
    assert admin.patch(f"{URL}/{user.pk}", {"is_active": False}).json()["is_active"] is False


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("role=admin", {"boss"}),
        ("is_active=false", {"charlie"}),
        ("search=ALI", {"alice"}),
        ("search=bob@", {"bob"}),
        ("ordering=-username&page_size=1", {"charlie"}),
    ],
)
def test_filters(api_of, boss, alice, bob, charlie, query, found):
    rows = api_of(boss).get(f"{URL}?{query}").json()["results"]
    assert {row["username"] for row in rows} == found


@pytest.mark.parametrize("who", ["boss", "alice", "bob"])
def test_everybody_can_ask_who_they_are(api_of, request, who):
    user = request.getfixturevalue(who)
    me = api_of(user).get(f"{URL}/me").json()
    assert (me["username"], me["role"]) == (who, user.role)
    assert ("automation.launch_playbook" in me["permissions"]) == (who != "bob")


def test_a_list_asks_a_fixed_number_of_times(api_of, boss, query_ceiling):
    for _ in range(10):
        make.user()
    client = api_of(boss)
    with query_ceiling(4):  # session, user, count, rows
        assert len(client.get(URL).json()["results"]) == 11


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_demote_each_other_at_once_one_stays(api_of, boss):
    other = make.user(role="admin")
    calls = [
        partial(api_of(actor).patch, f"{URL}/{whom.pk}", {"role": "viewer"})
        for actor, whom in ((boss, other), (other, boss))
    ]

    answers = at_once(calls)

    assert User.objects.admins().count() == 1
    assert sum(answer.status_code == 200 for answer in answers) == 1
