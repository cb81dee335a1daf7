"""A run belongs to one inventory."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from automation.models import Run
from schema.exceptions import Refused
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

SAID = "These servers are in several inventories (default 2, staging 1). Launch once for each."


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
    assert (answer.status_code, answer.json()["detail"]) == (400, SAID)
    page = send_launch(
        client_of(alice),
        {"playbook": playbook.pk, "servers": keys, "verbosity": 0, "forks": 5, "key": "a"},
    )
    assert SAID in page.content.decode()
    names = ["web1@default", "web2", "web1@staging"]
    with pytest.raises(CommandError) as in_terminal:
        call_command("run_playbook", "hello", *(f"--server={name}" for name in names))
    assert str(in_terminal.value).splitlines() == [
        SAID,
        "  run_playbook hello --server=web1@default --server=web2@default",
        "  run_playbook hello --server=web1@staging",
    ]
    assert not Run.objects.exists()


def test_the_api_offers_a_launch_for_each(servers, alice, api_of):
    playbook, keys = make.playbook(), [server.pk for server in servers]
    for body, bodies in (
        ({"server_ids": keys}, [{"server_ids": [keys[0], keys[2]]}, {"server_ids": [keys[1]]}]),
        (
            {"limit": "web*:!web3*", "search": "web"},
            [
                {"inventory": name, "limit": "web*:!web3*", "search": "web"}
                for name in ("default", "staging")
            ],
        ),
    ):
        sent = {"playbook_id": playbook.pk, **body, "dry_run": True}
        choices = api_of(alice).post("/api/jobs", sent).json()["choices"]
        assert [(each["inventory"], each["server_count"]) for each in choices] == [
            *(("default", 2), ("staging", 1))
        ]
        assert [each["body"] for each in choices] == bodies
        for choice in choices:
            sent = {"playbook_id": playbook.pk, **choice["body"], "dry_run": True}
            answer = api_of(alice).post("/api/jobs", sent)
            assert answer.json()["server_count"] == choice["server_count"]


def test_the_command_says_the_commands(servers, boss):
    make.playbook(name="hello")
    with pytest.raises(CommandError) as refused:
        call_command("run_playbook", "hello", "--limit=web*", "--environment=development")
    assert str(refused.value).splitlines()[1:] == [
        "  run_playbook hello '--limit=web*' --environment=development --inventory=default",
        "  run_playbook hello '--limit=web*' --environment=development --inventory=staging",
    ]


@pytest.mark.parametrize("is_named", [True, False])
def test_the_form_has_a_button_for_each_that_keeps_what_was_typed(
    servers, client_of, alice, is_named
):
    playbook = make.playbook(variables={"version": {"required": True}})
    chosen = {"servers": [each.pk for each in servers]} if is_named else {"search": "web"}
    form = {"playbook": playbook.pk, "verbosity": 0, "forks": 7, "key": "a", "var_version": "1.4"}
    client, path = client_of(alice), reverse("automation:job_launch")
    page = client.post(path, form | chosen)
    assert "Only staging (1)" in page.content.decode()
    staging = servers[1].inventory
    narrowed = client.post(path, form | chosen | {"part": staging.pk, "expect": "0" * 64})
    intention = narrowed.context["intention"]
    assert [server.hostname for server in intention.servers] == ["web1@staging"]
    assert (intention.run.forks, intention.values) == (7, {"version": "1.4"})
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
