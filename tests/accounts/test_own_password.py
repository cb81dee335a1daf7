"""Whoever got their password from an admin chooses their own before anything else."""

import io

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests import make

CHANGE = reverse("admin:password_change")
GIVEN, OWN = "a passphrase from the admin", "a passphrase of my own"


def add_dora(client: Client) -> None:
    names = {"username": "dora", "email": "dora@example.com", "role": "operator"}
    client.post(
        reverse("admin:accounts_user_add"), names | {"password1": GIVEN, "password2": GIVEN}
    )


def add_dora_by_api(client: Client) -> None:
    given = {"username": "dora", "email": "dora@example.com", "password": GIVEN}
    client.post("/api/users", given, content_type="application/json")


def reset_dora(client: Client) -> None:
    dora = make.user(username="dora")
    path = reverse("admin:auth_user_password_change", args=[dora.pk])
    client.post(path, {"password1": GIVEN, "password2": GIVEN})


def reset_dora_by_api(client: Client) -> None:
    dora = make.user(username="dora")
    client.patch(f"/api/users/{dora.pk}", {"password": GIVEN}, content_type="application/json")


@pytest.fixture(params=[add_dora, add_dora_by_api, reset_dora, reset_dora_by_api])
def dora(request, client_of, boss) -> Client:
    request.param(client_of(boss))
    client = Client()
    client.post(reverse("admin:login"), {"username": "dora", "password": GIVEN})
    return client


def test_nothing_is_open_before_and_everything_after(dora):
    for path in (reverse("home"), reverse("accounts:account"), "/admin/automation/job/"):
        answer = dora.get(path)
        assert (answer.status_code, answer.url) == (302, CHANGE)
    script = dora.get(reverse("home_live"), headers={"accept": "*/*"})
    assert (script.status_code, script.content) == (403, b"Change your password first.")
    assert dora.post(reverse("accounts:sessions_end_others")).url == CHANGE
    assert "An admin has set your password." in dora.get(CHANGE).content.decode()
    new = {"old_password": GIVEN, "new_password1": OWN, "new_password2": OWN}
    assert dora.post(CHANGE, new).status_code == 302
    assert dora.get(reverse("home")).status_code == 200
    assert "An admin has set" not in dora.get(CHANGE).content.decode()


def test_the_same_password_again_is_no_choice(dora):
    same = {"old_password": GIVEN, "new_password1": GIVEN, "new_password2": GIVEN}
    page = dora.post(CHANGE, same)
    assert "Choose another password" in page.context["form"].errors["new_password2"][0]


def test_the_api_says_what_to_do(dora):
    answer = dora.get("/api/servers")
    assert answer.status_code == 403
    assert "Choose your own in the console (/admin/password_change/)" in answer.json()["detail"]
    assert dora.get("/api/health").status_code in (200, 503)


def test_logging_out_stays_possible(dora):
    dora.post(reverse("admin:logout"))
    assert dora.get(reverse("home")).url.startswith(reverse("admin:login"))


def test_an_api_key_works_before(api, alice):
    User.objects.update(must_change_password=True)
    _key, token = make.api_key(alice)
    answer = api.get("/api/users/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_create_admin_counts_as_ones_own(monkeypatch, boss):
    User.objects.update(must_change_password=True)
    for name in ("boss", "dora"):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{OWN}\n"))
        call_command(
            "create_admin",
            username=name,
            email=f"{name}@example.com",
            password_stdin=True,
            reset_password=True,
            stdout=io.StringIO(),
        )
    assert not User.objects.filter(must_change_password=True).exists()


@pytest.mark.parametrize("spelt", ["{}", "0{}", "00{}", " {}", "+{}", "{} ", "0_{}"])
def test_ones_own_password_is_not_reset_without_the_old_one(client_of, boss, spelt):
    """However the address names the row."""
    path = reverse("admin:auth_user_password_change", args=[spelt.format(boss.pk)])
    answer = client_of(boss).post(path, {"password1": OWN, "password2": OWN})
    assert (answer.status_code, answer.url) == (302, CHANGE)
    boss.refresh_from_db()
    assert boss.check_password(make.PASSWORD)


def test_nor_in_other_digits(client_of, boss):
    digits = str(boss.pk).translate({ord("0") + n: 0x0660 + n for n in range(10)})
    path = reverse("admin:auth_user_password_change", args=[digits])
    client_of(boss).post(path, {"password1": OWN, "password2": OWN})
    boss.refresh_from_db()
    assert boss.check_password(make.PASSWORD)


def test_nor_by_the_api(client_of, boss):
    client, path = client_of(boss), f"/api/users/{boss.pk}"
    for sent in ({}, {"own_password": ""}, {"own_password": "wrong"}):
        answer = client.patch(path, {"password": OWN, **sent}, content_type="application/json")
        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == ["own_password"]
    boss.refresh_from_db()
    assert boss.check_password(make.PASSWORD)


def test_nor_by_an_api_key_of_ones_own(api, boss):
    _key, token = make.api_key(boss)
    headers = {"Authorization": f"Bearer {token}"}
    answer = api.patch(f"/api/users/{boss.pk}", {"password": OWN}, headers=headers)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["own_password"])


def test_nor_guessed_there(client_of, boss):
    client, path = client_of(boss), f"/api/users/{boss.pk}"
    sent = {"password": OWN, "own_password": "wrong"}
    said = [client.patch(path, sent, content_type="application/json").status_code for _ in range(6)]
    assert said == [400] * 5 + [429]


def test_with_the_old_one_the_api_changes_it_and_other_sessions_end(client_of, boss):
    here, there = client_of(boss), client_of(boss)
    before = here.cookies["sessionid"].value
    sent = {"password": OWN, "own_password": make.PASSWORD}
    answer = here.patch(f"/api/users/{boss.pk}", sent, content_type="application/json")
    assert answer.status_code == 200 and not {"password", "own_password"} & answer.json().keys()
    boss.refresh_from_db()
    assert boss.check_password(OWN) and not boss.must_change_password
    assert here.get("/api/users/me").status_code == 200
    assert here.cookies["sessionid"].value != before
    assert there.get("/api/users/me").status_code == 401


def test_an_admin_needs_no_password_to_reset_that_of_somebody_else(client_of, boss, bob):
    path = f"/api/users/{bob.pk}"
    answer = client_of(boss).patch(path, {"password": OWN}, content_type="application/json")
    assert answer.status_code == 200
    bob.refresh_from_db()
    assert bob.check_password(OWN) and bob.must_change_password
