"""Vault passwords in the console and the API: written, never shown."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import AuditLog
from automation.models import VaultPassword
from tests import make
from tests.recording import recorded

URL = "/api/vault-passwords"
ADD = reverse("admin:automation_vaultpassword_add")

pytestmark = pytest.mark.django_db


def test_an_admin_adds_one_in_the_console(client_of, boss):
    playbook, client = make.playbook(), client_of(boss)
    form = {"playbook": playbook.pk, "vault_id": "prod", "new_password": "open sesame"}
    with recorded() as lines:
        assert client.post(ADD, form).status_code == 302
    vault = VaultPassword.objects.get()
    assert (vault.vault_id, vault.opened()) == ("prod", "open sesame")
    assert lines == ["vaultpassword.created by boss"]
    assert "sesame" not in str(list(AuditLog.objects.values_list("details", flat=True)))


def test_it_is_not_shown_and_stays_when_nothing_is_typed(client_of, boss):
    vault, client = make.vault_password("hunter2"), client_of(boss)
    url = reverse("admin:automation_vaultpassword_change", args=[vault.pk])
    shown = client.get(url).content.decode()
    assert "hunter2" not in shown and vault.password not in shown
    assert client.post(url, {"vault_id": "prod", "new_password": ""}).status_code == 302
    vault.refresh_from_db()
    assert (vault.vault_id, vault.opened()) == ("prod", "hunter2")


def test_the_console_refuses_a_second_one_of_the_same_id(client_of, boss):
    vault = make.vault_password()
    form = {"playbook": vault.playbook_id, "vault_id": "default", "new_password": "x"}
    answer = client_of(boss).post(ADD, form)
    assert "for this vault id already" in answer.content.decode()


def test_the_api_adds_changes_and_removes_one(api_of, boss):
    playbook, client = make.playbook(), api_of(boss)
    made = client.post(URL, {"playbook_id": playbook.pk, "password": "hunter2"})
    assert made.status_code == 201, made.json()
    assert made.json()["vault_id"] == "default"
    assert "hunter2" not in str(made.json()) and "password" not in made.json()
    one = f"{URL}/{made.json()['id']}"
    assert client.patch(one, {"password": "hunter3"}).status_code == 200
    assert VaultPassword.objects.get().opened() == "hunter3"
    assert AuditLog.objects.order_by("-id")[0].details["given"] == ["password"]
    found = client.get(URL, {"playbook_id": playbook.pk}).json()["results"]
    assert [row["id"] for row in found] == [made.json()["id"]]
    assert client.delete(one).status_code == 204


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({}, "password", "is required"),
        ({"password": ""}, "password", "is required"),
        ({"password": "a\nb"}, "password", "Must be one line"),
        ({"password": " a"}, "password", "leading or trailing spaces"),
        ({"password": "a", "vault_id": "a@b"}, "vault_id", "A vault id has"),
        ({"password": "a", "vault_id": "-x"}, "vault_id", "A vault id has"),
        ({"password": "a", "playbook_id": 999}, "playbook_id", "no playbook 999"),
    ],
)
def test_the_api_says_what_is_wrong(api_of, boss, given, field, said):
    response = api_of(boss).post(URL, {"playbook_id": make.playbook().pk} | given)
    assert response.status_code == 400
    assert said in str(response.json()["fields"][field])


def test_one_of_the_same_id_is_refused_by_the_api(api_of, boss):
    vault = make.vault_password()
    again = {"playbook_id": vault.playbook_id, "password": "x"}
    response = api_of(boss).post(URL, again)
    assert response.status_code == 400
    assert "for this vault id already" in str(response.json())


def test_its_playbook_stays(api_of, boss):
    vault = make.vault_password()
    response = api_of(boss).patch(f"{URL}/{vault.pk}", {"playbook_id": make.playbook().pk})
    assert "read-only" in str(response.json())


def test_it_goes_with_its_playbook():
    vault = make.vault_password()
    vault.playbook.delete()
    assert not VaultPassword.objects.exists()


def test_one_that_no_key_opens_asks_for_another(settings):
    vault = make.vault_password()
    settings.ENCRYPTION_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXIhISE="]
    with pytest.raises(ValidationError, match="Enter it again"):
        vault.full_clean()


def test_one_of_an_inventory_is_for_all_its_runs(api_of, boss, alice):
    inventory, api = make.inventory(name="staging"), api_of(boss)
    made = api.post(URL, {"inventory_id": inventory.pk, "vault_id": "prod", "password": "hunter2"})
    assert made.status_code == 201, made.json()
    assert (made.json()["inventory_id"], made.json()["playbook_id"]) == (inventory.pk, None)
    found = api.get(URL, {"inventory_id": inventory.pk}).json()["results"]
    assert [row["id"] for row in found] == [made.json()["id"]]
    playbook = make.playbook()
    make.vault_password(playbook=playbook, vault_id="prod")
    plan = make.rehearse(playbook, alice, [make.server(inventory=inventory)])
    assert plan.command.count("--vault-id prod@") == 2
    elsewhere = make.rehearse(playbook, alice, [make.server()])
    assert elsewhere.command.count("--vault-id") == 1
    again = api.post(URL, {"inventory_id": inventory.pk, "vault_id": "prod", "password": "x"})
    assert "The inventory has a password for this vault id already." in str(again.json())


def test_it_goes_with_its_inventory():
    vault = make.vault_password(inventory=make.inventory())
    vault.inventory.delete()
    assert not VaultPassword.objects.exists()


@pytest.mark.parametrize("owners", [(), ("playbook_id", "inventory_id")])
def test_it_belongs_to_a_playbook_or_an_inventory(api_of, boss, owners):
    keys = {"playbook_id": make.playbook().pk, "inventory_id": make.inventory().pk}
    given = {owner: keys[owner] for owner in owners}
    answer = api_of(boss).post(URL, {**given, "password": "x"})
    assert answer.status_code == 400
    assert "Choose a playbook or an inventory" in str(answer.json())


def test_an_admin_adds_one_of_an_inventory_in_the_console(client_of, boss):
    inventory, client = make.inventory(name="staging"), client_of(boss)
    form = {"inventory": inventory.pk, "vault_id": "prod", "new_password": "open sesame"}
    assert client.post(ADD, form).status_code == 302
    assert str(VaultPassword.objects.get()) == "prod of staging"
    assert "Choose a playbook" in client.post(ADD, {"vault_id": "x"}).content.decode()
