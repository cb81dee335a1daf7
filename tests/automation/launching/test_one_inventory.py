"""A run belongs to one inventory."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from automation.models import Run
from schema.exceptions import Refused
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

SAID = "These servers are in several inventories (default 2, staging 1). Launch on each."


@pytest.fixture
def servers(db):
    staging = make.inventory(name="staging")
    return [
        make.server(hostname="web1"),
        make.server(hostname="web1", inventory=staging),
        make.server(hostname="web2"),
    ]


def test_servers_of_several_are_refused_with_the_counts(servers, alice, boss, api_of, client_of):
    playbook = make.playbook(name="hello")
    with pytest.raises(Refused) as refused:
        make.launch(playbook, alice, servers)
    assert str(refused.value) == SAID
    keys = [server.pk for server in servers]
    answer = api_of(alice).post("/api/jobs", {"playbook_id": playbook.pk, "server_ids": keys})
    assert (answer.status_code, answer.json()["detail"]) == (409, SAID)
    page = send_launch(
        client_of(alice),
        {"playbook": playbook.pk, "servers": keys, "verbosity": 0, "forks": 5, "key": "a"},
    )
    assert SAID in page.content.decode()
    names = ["web1@default", "web2", "web1@staging"]
    with pytest.raises(CommandError) as in_terminal:
        call_command("run_playbook", "hello", *(f"--server={name}" for name in names))
    assert str(in_terminal.value) == SAID
    assert not Run.objects.exists()


def test_servers_of_one_are_not(servers, alice):
    assert make.launch(make.playbook(), alice, servers[:1] + servers[2:]).pk
    assert make.launch(make.playbook(), alice, servers[1:2]).pk


def test_a_bare_name_of_several_is_refused_in_a_terminal(servers, boss):
    make.playbook(name="hello")
    with pytest.raises(CommandError, match="web1@default, web1@staging"):
        call_command("run_playbook", "hello", "--server", "web1")
    with pytest.raises(CommandError, match="There is no server “web9”"):
        call_command("run_playbook", "hello", "--server", "web9")


def test_the_preview_shows_what_ansible_will_be_told(servers, alice):
    intention = make.rehearse(make.playbook(), alice, servers[1:2])
    assert "--limit web1 " in intention.command
    assert "web1@staging" in intention.words[0]


def test_the_form_offers_servers_of_all_inventories_by_their_full_names(servers, client_of, alice):
    shown = client_of(alice).get(reverse("automation:job_launch")).content.decode()
    assert "web1@staging" in shown
