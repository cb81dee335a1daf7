"""When plays for localhost run is decided by whoever registers the playbook: an admin."""

import io

import pytest
from django.core.management import call_command

from audit.models import AuditLog
from automation.models import Playbook
from tests import make
from tests.automation.admin.test_admin_playbooks import ADD, change, form

pytestmark = pytest.mark.django_db

LOCAL = "- name: Build\n  hosts: localhost\n  tasks: []\n- hosts: all\n  tasks: []\n"
ALL = "- hosts: all\n  tasks: []\n"
SAID = (
    "Play “Build” (hosts: localhost) runs only in launches on a whole inventory. “Plays for "
    "localhost run” in the form decides that."
)


def test_the_form_asks_when_such_plays_are_seen_and_loses_nothing(client_of, boss):
    make.playbook_file("site.yml", LOCAL)
    answer = client_of(boss).post(ADD, form(description="What it does", runs_localhost=""))
    asked = answer.context["adminform"].form
    said = "Choose when Play “Build” (hosts: localhost) runs."
    assert asked.errors == {"runs_localhost": [said]}
    assert "What it does" in answer.content.decode()
    client_of(boss).post(ADD, form(runs_localhost="True"))
    assert Playbook.objects.get(name="Site").runs_localhost is True


def test_without_such_plays_nothing_is_asked(client_of, boss):
    make.playbook_file("site.yml", ALL)
    client_of(boss).post(ADD, form())
    assert Playbook.objects.get(name="Site").runs_localhost is False


def test_it_is_changed_in_the_form_and_recorded(client_of, boss):
    playbook = make.playbook(LOCAL, name="Site", file_path="site.yml", runs_localhost=True)
    client_of(boss).post(change(playbook), form())  # not sent: it stays
    playbook.refresh_from_db()
    assert playbook.runs_localhost is True
    answer = client_of(boss).post(change(playbook), form(runs_localhost="False"), follow=True)
    assert SAID in answer.content.decode()
    playbook.refresh_from_db()
    assert playbook.runs_localhost is False
    changes = AuditLog.objects.filter(action="playbook.updated").latest("id").details["changes"]
    assert "runs_localhost" in changes


def test_the_api_has_a_default_and_says_what_that_means(api_of, boss, alice):
    make.playbook_file("site.yml", LOCAL)
    given = {"name": "Site", "file_path": "site.yml"}
    answer = api_of(boss).post("/api/playbooks", given).json()
    assert (answer["runs_localhost"], answer["warnings"]) == (False, [SAID])
    url = f"/api/playbooks/{answer['id']}"
    assert api_of(alice).patch(url, {"runs_localhost": True}).status_code == 403
    answer = api_of(boss).patch(url, {"runs_localhost": True}).json()
    assert (answer["runs_localhost"], answer["warnings"]) == (True, [])


@pytest.mark.parametrize("is_given", [True, False])
def test_the_command_has_a_default_and_says_what_that_means(is_given):
    make.playbook_file("site.yml", LOCAL)
    make.playbook_file("other.yml", ALL)
    out = io.StringIO()
    call_command("import_playbooks", stdout=out, runs_localhost=is_given)
    assert (SAID in out.getvalue()) is not is_given
    found = dict(Playbook.objects.values_list("file_path", "runs_localhost"))
    assert (found["site.yml"], found["other.yml"]) == (is_given, False)
