"""Servers selected by environment and tag: in the API, the command and the form."""

import sys

import pytest
from django.core.management import CommandError, call_command

from automation.models import Run
from inventory.choosing import choose_servers
from inventory.models import Server
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

URL = "/api/jobs"


@pytest.fixture(autouse=True)
def fleet():
    make.server(hostname="s1", environment="staging", tags={"role": "web", "canary": True})
    make.server(hostname="s2", environment="staging", tags={"role": ["db", "web"], "canary": False})
    make.server(hostname="p1", environment="production", tags={"groups": ["web"], "rank": 2})
    make.server(hostname="off", environment="staging", tags={"role": "web"}, is_active=False)


def chosen(**criteria):
    return [server.hostname for server in choose_servers(**criteria)]


@pytest.mark.parametrize(
    ("environment", "tag", "expected"),
    [
        ("staging", "", ["s1", "s2"]),
        (" Staging ", "role=db", ["s2"]),
        ("", "role=web", ["s1", "s2"]),
        ("", "web", ["p1"]),
        ("", "role", ["s1", "s2"]),
        ("", "canary", ["s1"]),
        ("", "canary=false", ["s2"]),
        ("", "rank = 2", ["p1"]),
        ("", "role=", []),
        ("", "nothing", []),
    ],
)
def test_what_is_chosen(environment, tag, expected):
    assert chosen(environment=environment, tag=tag) == expected


@pytest.mark.parametrize(
    ("search", "environment", "expected"),
    [
        ("s", "", ["s1", "s2"]),
        (" S2 ", "", ["s2"]),
        ("192.0.2.", "production", ["p1"]),
        ("off", "", []),
    ],
)
def test_what_a_search_chooses(search, environment, expected):
    assert chosen(environment=environment, search=search) == expected


def test_a_search_launches_everywhere_alike(api_of, client_of, alice, boss):
    playbook = make.playbook(name="hello")
    dry = {"playbook_id": playbook.pk, "search": "s", "tag": "role=db", "dry_run": True}
    assert api_of(alice).post(URL, dry).json()["servers"] == ["s2"]
    call_command("run_playbook", "hello", "--no-wait", "--search=s", "--tag=role=db")
    form = {"playbook": playbook.pk, "verbosity": 0, "forks": 5, "key": "k", "search": "s"}
    send_launch(client_of(alice), form | {"tag": "role=db"})
    launched_on = [[job.server.hostname for job in run.jobs.all()] for run in Run.objects.all()]
    assert launched_on == [["s2"], ["s2"]]


def test_the_api_launches_on_them(api_of, alice):
    given = {"playbook_id": make.playbook().pk, "environment": "staging", "tag": "role=web"}
    response = api_of(alice).post(URL, given)
    assert response.status_code == 201
    assert [job["server"] for job in response.json()["jobs"]] == ["s1", "s2"]


def test_a_dry_run_says_what_it_would_touch(api_of, alice):
    playbook = make.playbook()
    given = {"playbook_id": playbook.pk, "tag": "role=web", "dry_run": True}
    response = api_of(alice).post(URL, given)
    assert response.status_code == 200
    said = response.json()
    assert (said["server_count"], said["active_servers"]) == (2, 3)
    assert said["servers"] == ["s1", "s2"] and said["production_count"] == 0
    assert said["words"][0] == f"Runs “{playbook}” on 2 of 3 active servers (s1 and s2)."
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    assert api_of(alice).post(URL, given).status_code == 409
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"environment": "nowhere"}, "environment"),
        ({"tag": "nothing"}, "tag"),
        ({"tag": "web", "server_ids": [1]}, "server_ids"),
        ({"tag": ""}, "tag"),
        ({}, "server_id"),
    ],
)
def test_the_api_refuses(api_of, alice, given, field):
    response = api_of(alice).post(URL, {"playbook_id": make.playbook().pk, **given})
    assert response.status_code == 400
    assert set(response.json()["fields"]) <= {field, "server_id"}
    assert not Run.objects.exists()


def launched(*arguments):
    make.playbook(name="hello")
    call_command("run_playbook", "hello", "--no-wait", *arguments)
    return [job.server.hostname for job in Run.objects.get().jobs.order_by("id")]


def test_the_command_tells_and_does_not_ask_without_a_terminal(boss, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    options = ["--idle-deadline=9", "--deadline=60", "--start-at-task=Hello"]
    assert launched("--environment=staging", *options) == ["s1", "s2"]
    assert "on 2 of 3 active servers (s1 and s2)" in capsys.readouterr().out
    run = Run.objects.get()
    assert (run.idle_deadline_seconds, run.deadline_seconds) == (9, 60)
    assert run.start_at_task == "Hello"


@pytest.mark.parametrize(("answer", "arguments"), [("y", []), (None, ["--yes"])])
def test_the_command_asks_on_a_terminal(boss, monkeypatch, answer, arguments):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert launched("--tag=role=web", *arguments) == ["s1", "s2"]


def test_the_command_takes_no_for_an_answer(boss, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "")
    with pytest.raises(CommandError, match="Nothing was launched"):
        launched("--environment=staging")
    monkeypatch.delattr("builtins.input")
    # for a single one outside production it does not ask
    call_command("run_playbook", "hello", "--no-wait", "--server=s1")
    assert Run.objects.count() == 1


def sent(**more):
    base = {"playbook": make.playbook().pk, "verbosity": 0, "forks": 5, "key": "k"}
    return base | more


def test_the_form_launches_on_them(client_of, alice):
    client = client_of(alice)
    form = sent(environment="staging", tag="role=db", idle_deadline_seconds=30)
    send_launch(client, form)
    run = Run.objects.get()
    assert [job.server.hostname for job in run.jobs.all()] == ["s2"]
    assert run.idle_deadline_seconds == 30


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"environment": "nowhere"}, "Select a valid choice"),
        ({"tag": "nothing"}, "No active server matches."),
        ({}, "Choose at least one server."),
    ],
)
def test_the_form_refuses(client_of, alice, more, message):
    answer = send_launch(client_of(alice), sent(**more))
    assert message in str(answer.context["form"].errors)
    assert not Run.objects.exists()


def test_names_and_a_choice_are_too_much(client_of, alice):
    form = sent(tag="web", servers=[Server.objects.get(hostname="s1").pk])
    answer = send_launch(client_of(alice), form)
    assert "not both" in str(answer.context["form"].errors["servers"])
    assert "Selected: 1 of 3 active servers" in answer.content.decode()
