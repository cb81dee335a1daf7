"""Rehearsed launches: checked like a launch, described in plain words."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from automation.models import Run, ServerLock, Worker
from inventory.models import Server
from schema.exceptions import Refused
from tests import make
from tests.private_servers import wait_until

pytestmark = pytest.mark.django_db

SECRET = {"version": {"type": "string", "required": True}, "password": {"secret": True}}


@pytest.fixture(autouse=True)
def worker(db):
    Worker.objects.beat()


@pytest.fixture
def fleet(db):
    return [
        make.server(hostname="web1", environment="production"),
        make.server(hostname="web2", environment="Live"),
        make.server(hostname="db1", environment="staging"),
    ]


def rehearsed(actor, servers, playbook=None, **given):
    playbook = playbook or make.playbook(make.plays_with("Copy"), name="Deploy")
    return make.rehearse(playbook, actor, servers, **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["Runs “Deploy” on 3 of 4 active servers (web1, web2 and db1), 2 of them in "
              "production.", "All at once. Time limit: 60 min."]),
        ({"check_mode": True, "forks": 1, "tags": "web,config", "deadline_seconds": 90},
         ["Runs “Deploy” on 3 of 4 active servers (web1, web2 and db1), 2 of them in production, "
          "only tasks tagged web, config, in check mode (no changes).",
          "One server at a time. Time limit: 90 s."]),
        ({"forks": 2, "become": True, "diff_mode": True, "skip_tags": "slow",
          "start_at_task": "Copy", "idle_deadline_seconds": 30},
         ["Runs “Deploy” on 3 of 4 active servers (web1, web2 and db1), 2 of them in production, "
          "skipping tasks tagged slow, starting at task “Copy”, as root, showing differences.",
          "At most 2 servers at once. Time limit: 60 min, or 30 s without output."]),
    ],
)  # fmt: skip
def test_what_it_would_do_in_words(boss, fleet, given, words):
    make.server(hostname="other")
    make.server(hostname="asleep", is_active=False)
    assert rehearsed(boss, fleet, **given).words == words
    assert not Run.objects.exists()


def test_one_server_and_many(alice):
    one = rehearsed(alice, [make.server(hostname="web1", environment="prod")])
    assert one.words[0] == "Runs “Deploy” on 1 of 1 active server (web1), in production."
    assert one.words[1] == "Time limit: 60 min."
    many = [make.server(hostname=f"node{number}", environment="prod") for number in range(8)]
    words = make.rehearse(make.playbook(name="Wide"), alice, many).words[0]
    assert words.endswith(
        "(node0, node1, node2, node3, node4 and 3 more), all of them in production."
    )


def test_tasks_that_run_in_check_mode_are_not_passed_over(alice, fleet):
    play = "- hosts: all\n  tasks:\n    - command: x\n      check_mode: no\n"
    said = "Tasks with “check_mode: false” still make changes."
    playbook = make.playbook(play)
    assert make.rehearse(playbook, alice, fleet, check_mode=True).words[1] == said
    assert said not in make.rehearse(playbook, alice, fleet).words
    assert said not in make.rehearse(make.playbook(), alice, fleet, check_mode=True).words


def test_what_it_would_wait_for(alice, fleet):
    Worker.objects.all().delete()
    holding = make.job(status="running", server=fleet[0]).run
    ServerLock.objects.create(server=fleet[0], run=holding)
    Run.objects.filter(pk=holding.pk).update(heartbeat_at=None)
    first = make.job(server=fleet[2]).run
    assert rehearsed(alice, fleet).waits_for == [
        f"The run will wait: web1 is held by run {holding.pk}.",
        f"The run will wait: Run {first.pk} comes first on db1.",
        "The run will wait: No worker is alive. Start one: manage.py run_worker",
    ]


def test_one_at_a_time_waits_for_the_other(alice, fleet):
    playbook = make.playbook(is_exclusive=True)
    other = make.run(
        playbook=playbook, state="running", exclusive_key=playbook.exclusive_key(), claim_token="x"
    )
    said = f"Run {other.pk} of this playbook has not finished, and only one may run at a time."
    assert rehearsed(alice, fleet, playbook).waits_for == [f"The run will wait: {said}"]


def test_secrets_are_masked(alice, fleet):
    playbook = make.playbook(variables=SECRET)
    intention = rehearsed(alice, fleet, playbook, extra_vars={"version": "1", "password": "s3cret"})
    assert intention.values == {"version": "1", "password": "********"}
    assert "s3cret" not in f"{intention.words} {intention.command} {intention.value_texts}"


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.django_db(transaction=True)
def test_the_command_is_the_one_that_runs(qcluster, alice):
    playbook = make.playbook(make.HELLO, file_path="-odd name.yml", accepts_undeclared=True)
    make.vault_password(playbook=playbook, vault_id="prod")
    given = {"extra_vars": {"a": 1}, "check_mode": True, "tags": "web", "verbosity": 2}
    servers = [make.localhost(), make.localhost()]
    intention = make.rehearse(playbook, alice, servers, **given)
    run = make.launch(playbook, alice, servers, **given)
    wait_until(lambda: Run.objects.get(pk=run.pk).state == "finished", seconds=60, what="the run")
    assert Run.objects.get(pk=run.pk).command == intention.command
    assert "--check --tags web -vv --forks 5 './-odd name.yml'" in intention.command


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"extra_vars": {"version": 1}}, ValidationError),
        ({"extra_vars": {}}, ValidationError),
        ({"extra_vars": {"version": "1"}, "tags": "a b"}, ValidationError),
        ({"extra_vars": {"version": "1"}, "forks": 0}, ValidationError),
        ({"extra_vars": {"version": "1"}, "deadline_seconds": 10**9}, ValidationError),
    ],
)
def test_it_is_refused_as_a_launch_is(alice, fleet, given, error):
    playbook = make.playbook(variables=SECRET)
    said = []
    for verb in (make.rehearse, make.launch):
        with pytest.raises(error) as refused:
            verb(playbook, alice, fleet, **given)
        said.append(refused.value.messages)
    assert said[0] == said[1]


def test_neither_role_nor_state_is_passed_over(alice, bob, fleet):
    playbook = make.playbook()
    with pytest.raises(PermissionDenied):
        make.rehearse(playbook, bob, fleet)
    with pytest.raises(Refused, match="Inactive: asleep"):
        make.rehearse(playbook, alice, [make.server(hostname="asleep", is_active=False)])
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    with pytest.raises(Refused, match="has changed since"):
        make.rehearse(playbook, alice, fleet)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"forks": 0}, "forks"),
        ({"tags": "a b"}, "tags"),
        ({"deadline_seconds": 0}, "deadline_seconds"),
        ({"extra_vars": {"version": 1}}, "extra_vars.version"),
        ({"start_at_task": "-x"}, "start_at_task"),
    ],
)
def test_a_dry_run_of_the_api_checks_every_value(api_of, alice, fleet, given, field):
    playbook = make.playbook(variables={"version": {"type": "string"}})
    base = {"playbook_id": playbook.pk, "server_id": fleet[0].pk, **given}
    dry = api_of(alice).post("/api/jobs", {**base, "dry_run": True})
    wet = api_of(alice).post("/api/jobs", base)
    assert dry.status_code == wet.status_code == 400
    assert dry.json() == wet.json() and list(dry.json()["fields"]) == [field]


def test_page_api_and_command_say_the_same(api_of, client_of, alice, boss, fleet, capsys):
    playbook = make.playbook(name="Deploy", variables=SECRET)
    words = rehearsed(
        alice, fleet[:1], playbook, extra_vars={"version": "1", "password": "s3cret"}
    ).words
    values = {"version": "1", "password": "s3cret"}
    given = {"playbook_id": playbook.pk, "server_id": fleet[0].pk, "extra_vars": values}
    said = api_of(alice).post("/api/jobs", {**given, "dry_run": True}).json()
    assert said["words"] == words and said["extra_vars"]["password"] == "********"

    arguments = ["Deploy", "--server=web1", '--extra-vars={"version": "1", "password": "s3cret"}']
    call_command("run_playbook", *arguments, "--dry-run")
    printed = capsys.readouterr().out
    assert printed.startswith("\n".join(words)) and said["command"] in printed
    assert "Nothing was launched." in printed and "s3cret" not in printed

    form = {"playbook": playbook.pk, "servers": [fleet[0].pk], "verbosity": 0, "forks": 5}
    form |= {"key": "k", "var_version": "1", "var_password": "s3cret"}
    page = client_of(alice).post("/jobs/launch/plan/", form).content.decode()
    assert all(f">{sentence}<" in page for sentence in words) and "s3cret" not in page
    assert not Run.objects.exists()


def test_a_dry_run_of_the_command_is_refused_as_a_launch_is(boss):
    make.playbook(name="hello")
    make.server(hostname="here")
    with pytest.raises(CommandError, match="forks: Ensure this value"):
        call_command("run_playbook", "hello", "--server=here", "--forks=0", "--dry-run")


def test_names_that_ansible_takes_too_are_remarked_upon(alice, fleet):
    given = {"environment": "blue", "version": "1"}
    playbook = make.playbook(accepts_undeclared=True)
    words = rehearsed(alice, fleet[:1], playbook, extra_vars=given).words
    assert words[1].startswith("“environment” is also a keyword of Ansible")
    assert "“version”" not in " ".join(words)


def test_it_says_what_is_left_to_the_playbook(alice, fleet):
    schema = {name: {"playbook_default": "{{ x }}"} for name in ("bucket", "region")}
    playbook = make.playbook(variables=schema)
    said = "The playbook sets its own default for {}."
    assert said.format("bucket and region") in rehearsed(alice, fleet, playbook).words
    words = rehearsed(alice, fleet, playbook, extra_vars={"region": "{{ x }}"}).words
    assert said.format("bucket") in words


@pytest.mark.parametrize("name", ["inventory_hostname", "groups", "omit"])
def test_a_dry_run_of_the_api_refuses_what_ansible_sets_itself(api_of, alice, fleet, name):
    given = {"playbook_id": make.playbook().pk, "server_id": fleet[0].pk, "dry_run": True}
    answer = api_of(alice).post("/api/jobs", given | {"extra_vars": {name: "x"}})
    assert answer.status_code == 400
    assert "Ansible sets this variable itself" in str(answer.json())


KEPT = "Passwords, keys and credentials of servers outside this launch are left out"


def kept(actor, servers) -> bool:
    rows = list(Server.objects.filter(pk__in=[server.pk for server in servers]))
    return any(KEPT in words for words in make.rehearse(make.playbook(), actor, rows).words)


@pytest.mark.parametrize(
    "other",
    [
        {"ssh_key_path": "id_other"},
        {"variables": {"ansible_become_pass": "x"}},
        {"variables": {"ansible_winrm_password": {"__ansible_vault": "x"}}},
        {"variable_files": [{"path": "host_vars/a.yml", "variables": {"ansible_ssh_pass": "x"}}]},
    ],
)
def test_the_logins_of_others_are_said_to_be_left_out(alice, other):
    server = make.server(variables={"ansible_password": "x"}, ssh_key_path="id_own")
    make.server(variables={"db_password": "x", "ansible_user": "root"})
    assert not kept(alice, [server])
    neighbour = make.server(**other)
    assert kept(alice, [server])
    assert not kept(alice, [server, neighbour])


def test_passwords_of_groups_are_said_to_be_left_out_for_others_in_them(alice):
    one, two, three = (make.server() for _ in range(3))
    make.group("inner", two, variables={"ansible_become_password": "x"})
    make.group("outer", one, children=[make.group("plain", three)])
    assert kept(alice, [one])
    assert not kept(alice, [one, two])
    make.group("all", variables={"ansible_ssh_pass": "x"})
    assert kept(alice, [one, two])
    assert not kept(alice, [one, two, three])


def test_a_credential_of_another_server_is_said_to_be_left_out(alice):
    make.server(credential=make.credential())
    assert kept(alice, [make.server()])
