"""Playbooks in the admin: registering them, watching their files, accepting changed ones."""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Playbook
from tests import make

LIST = reverse("admin:automation_playbook_changelist")
ADD = reverse("admin:automation_playbook_add")
PLAY = "- hosts: all\n  tasks: []\n"


@pytest.fixture
def changed(db):
    playbook = make.playbook(name="Deploy")
    make.playbook_file(playbook.file_path, PLAY)
    return playbook


def change(playbook):
    return reverse("admin:automation_playbook_change", args=[playbook.pk])


def accept(playbook):
    return reverse("automation:playbook_accept", args=[playbook.pk])


def form(**more):
    return {"name": "Site", "file_path": "site.yml", "variables": "{}", "tags": ""} | more


def test_an_admin_registers_one(client_of, boss):
    make.playbook_file("site.yml", PLAY)
    client_of(boss).post(ADD, form(is_active="on"))
    playbook = Playbook.objects.get(name="Site")
    assert playbook.file_state == "unchanged"
    assert AuditLog.objects.filter(action="playbook.created", user=boss).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file_path", "../../etc/passwd"),
        ("file_path", "/etc/passwd"),
        ("file_path", "gone.yml"),
        ("variables", '{"x": {"type": "colour"}}'),
        ("variables", "[]"),
        ("tags", '{"a": 1}'),
    ],
)
def test_an_error_stands_at_its_field(client_of, boss, field, value):
    make.playbook_file("site.yml", PLAY)
    answer = client_of(boss).post(ADD, form(**{field: value}))
    assert field in answer.context["adminform"].form.errors
    assert not Playbook.objects.filter(name="Site").exists()


def test_the_page_shows_the_file_and_says_that_it_has_changed(client_of, bob, boss, changed):
    page = client_of(bob).get(changed.get_absolute_url()).content.decode()
    assert "has changed since it was registered" in page and ">tasks</span>" in page
    assert accept(changed) not in page
    assert accept(changed) in client_of(boss).get(change(changed)).content.decode()


def test_a_missing_file_is_named(client_of, boss):
    playbook = make.playbook()
    playbook.path.unlink()
    page = client_of(boss).get(change(playbook)).content.decode()
    assert "does not exist" in page
    assert "Missing" in client_of(boss).get(LIST).content.decode()


def test_an_admin_accepts_what_the_page_has_shown(client_of, boss, changed):
    client_of(boss).post(accept(changed), {"hash": changed.current_hash()})
    changed.refresh_from_db()
    assert changed.file_state == "unchanged"
    assert AuditLog.objects.filter(action="playbook.file_accepted", user=boss).exists()


def test_another_file_than_the_one_shown_is_not_accepted(client_of, boss, changed):
    shown = changed.current_hash()
    make.playbook_file(changed.file_path, PLAY + "# and something more\n")
    answer = client_of(boss).post(accept(changed), {"hash": shown}, follow=True)
    assert "changed again since you opened this page" in answer.content.decode()
    changed.refresh_from_db()
    assert changed.file_state == "changed"


def test_the_action_asks_first(client_of, boss, changed):
    client = client_of(boss)
    action = {"action": "accept_files", "_selected_action": changed.pk}
    assert "Accept the current files" in client.post(LIST, action).content.decode()
    changed.refresh_from_db()
    assert changed.file_state == "changed"
    page = client.post(LIST, action | {"confirmed": "yes"}, follow=True).content.decode()
    assert "Accepted: Deploy." in page
    changed.refresh_from_db()
    assert changed.file_state == "unchanged"


def test_accepting_is_refused(client_of, client, boss, alice, changed):
    assert client_of(boss).get(accept(changed)).status_code == 405
    assert client_of(boss).post("/playbooks/99999/accept/").status_code == 404
    assert client_of(alice).post(accept(changed)).status_code == 403
    assert client.post(accept(changed)).status_code == 302
    action = {"action": "accept_files", "_selected_action": changed.pk, "confirmed": "yes"}
    client_of(alice).post(LIST, action)
    changed.refresh_from_db()
    assert changed.file_state == "changed"


def test_one_that_history_names_stays(client_of, boss):
    playbook = make.job(status="success").playbook
    client = client_of(boss)
    path = reverse("admin:automation_playbook_delete", args=[playbook.pk])
    assert "deactivate it instead" in client.get(path).content.decode()
    client.post(path, {"post": "yes"})
    assert Playbook.objects.filter(pk=playbook.pk).exists()


def test_a_name_that_ansible_takes_too_is_remarked_upon(client_of, boss):
    make.playbook_file("site.yml", PLAY)
    client = client_of(boss)
    page = client.post(ADD, form(variables='{"port": {}}'), follow=True).content.decode()
    assert "“port” is also a keyword of Ansible" in page
    detail = client.get(Playbook.objects.get(name="Site").get_absolute_url()).content.decode()
    assert "“port” is also a keyword of Ansible" in detail


def test_the_page_shows_the_playbooks_own_defaults(client_of, bob):
    own = {"a": {"playbook_default": "x-{{ b }}"}, "c": {"secret": True, "playbook_default": ""}}
    page = client_of(bob).get(make.playbook(variables=own).get_absolute_url()).content.decode()
    assert "<code>x-{{ b }}</code>" in page and "set by the playbook" in page
