"""An operator tries to have a password sent where it does not belong.

At the launch, between the launch and the claim, and in the run itself.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Job, Run
from automation.tasks import run_next
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Credential, Server
from schema.exceptions import Refused
from tests import make
from tests.automation.running import claimed, finish_here, run_here, text_of
from tests.automation.sending import send_launch
from tests.private_servers import generate_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def prod() -> Credential:
    """A password for production."""
    return make.credential(name="prod", ssh_password="hunter2", environments=["production"])


@pytest.fixture
def server(prod) -> Server:
    return make.server(
        hostname="db1", environment="production", credential=prod, host_key=make.HOST_KEY
    )


@pytest.fixture
def mine() -> Server:
    """The operator's own machine."""
    return make.server(hostname="mine", environment="development", host_key=make.HOST_KEY)


# --- At the launch --------------------------------------------------------------------------------


def test_it_is_launched_where_it_may_be_used(alice, server):
    assert make.launch(make.playbook(), alice, [server]).pk


def test_naming_it_on_another_server_is_refused_everywhere(alice, api_of, client_of, prod, mine):
    playbook = make.playbook(name="Deploy")
    for verb in (make.launch, make.rehearse):
        with pytest.raises(Refused, match="“prod” may not be used on mine"):
            verb(playbook, alice, [mine], credential=prod)
    given = {"playbook_id": playbook.pk, "credential_id": prod.pk}
    client = api_of(alice)
    for where in ({"server_id": mine.pk}, {"environment": "development"}, {"search": "mine"}):
        for more in ({}, {"dry_run": True}):
            answer = client.post("/api/jobs", {**given, **where, **more})
            assert answer.status_code == 409, answer.json()
    form = {"playbook": playbook.pk, "servers": [mine.pk], "credential": prod.pk}
    more = {"verbosity": 0, "forks": 5, "key": "k", "extra_vars": "{}"}
    page = send_launch(client_of(alice), form | more)
    assert "may not be used on mine" in page.content.decode()
    with pytest.raises(CommandError, match="may not be used on mine"):
        call_command("run_playbook", "Deploy", server=["mine"], user="alice", credential="prod")
    assert not Run.objects.exists()


def test_one_server_out_of_scope_refuses_the_whole_launch(alice, prod, server, mine):
    with pytest.raises(Refused, match="on mine"):
        make.launch(make.playbook(), alice, [server, mine], credential=prod)


def test_a_servers_own_credential_is_asked_too(alice, prod, mine):
    Server.objects.filter(pk=mine.pk).update(credential=prod)
    mine.refresh_from_db()
    with pytest.raises(Refused, match="may not be used on mine"):
        make.launch(make.playbook(), alice, [mine])


def test_only_the_servers_that_use_it_are_asked(alice, server, mine):
    assert make.launch(make.playbook(), alice, [server, mine]).pk


def test_a_relaunch_of_an_admins_run_is_asked_for_whoever_relaunches(alice, boss, api_of, server):
    Credential.objects.update(roles=[])
    run = make.launch(make.playbook(), boss, [server])
    run.cancel(boss)
    with pytest.raises(PermissionDenied, match="role operator"):
        make.relaunch(run, alice)
    assert api_of(alice).post(f"/api/runs/{run.pk}/relaunch", {}).status_code == 403
    assert make.relaunch(run, boss).pk


def test_a_relaunch_on_another_server_takes_the_password_nowhere(alice, prod, server, mine):
    run = make.launch(make.playbook(), alice, [server], credential=prod)
    run.cancel(alice)
    with pytest.raises(Refused, match="on mine"):
        make.relaunch(run, alice, servers=[mine])


def test_the_connection_check_is_a_launch_too(alice, api_of, client_of, server):
    Server.objects.update(host_key="")
    answer = api_of(alice).post(f"/api/servers/{server.pk}/check")
    assert answer.status_code == 409
    assert "no host key is pinned for db1" in answer.json()["detail"]
    url = reverse("automation:server_check", args=[server.pk])
    page = client_of(alice).post(url, follow=True).content.decode()
    assert "no host key is pinned for db1" in page


@pytest.mark.parametrize("name", ["ansible_host", "ansible_connection", "ansible_ssh_common_args"])
def test_a_launch_leads_no_connection_elsewhere(alice, server, name):
    with pytest.raises(Exception, match="cannot be set at a launch"):
        make.launch(make.playbook(), alice, [server], extra_vars={name: "192.0.2.66"})
    declared = make.playbook(variables={name: {"type": "string", "default": "192.0.2.1"}})
    assert make.launch(declared, alice, [server]).pk
    with pytest.raises(Refused, match=f"may not set {name}"):
        make.launch(declared, alice, [server], extra_vars={name: "192.0.2.66"})
    without = make.server(environment="production")
    assert make.launch(declared, alice, [without], extra_vars={name: "192.0.2.66"}).pk


# --- Between the launch and the claim -------------------------------------------------------------


def moved(server: Server, prod: Credential) -> None:
    Server.objects.filter(pk=server.pk).update(environment="development")


def unpinned(server: Server, prod: Credential) -> None:
    Server.objects.filter(pk=server.pk).update(host_key="")


def redirected(server: Server, prod: Credential) -> None:
    Server.objects.filter(pk=server.pk).update(variables={"ansible_connection": "winrm"})


def narrowed(server: Server, prod: Credential) -> None:
    Credential.objects.filter(pk=prod.pk).update(environments=["staging"])


def withdrawn(server: Server, prod: Credential) -> None:
    Credential.objects.filter(pk=prod.pk).update(roles=[])


def switched_off(server: Server, prod: Credential) -> None:
    Credential.objects.filter(pk=prod.pk).update(is_active=False)


CHANGES = {
    moved: "“prod” may not be used on db1",
    unpinned: "no host key is pinned for db1",
    redirected: "over SSH only, not to db1",
    narrowed: "“prod” may not be used on db1",
    withdrawn: "“prod” may not be used by the role operator",
    switched_off: "“prod” is inactive",
}


@pytest.mark.parametrize("is_named", [False, True], ids=["own", "named"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changed_since_the_launch_ends_the_run_at_its_claim(
    alice, prod, server, change, is_named
):
    if is_named:
        Server.objects.update(credential=None)
        server.refresh_from_db()
    run = make.launch(make.playbook(), alice, [server], credential=prod if is_named else None)
    change(server, prod)

    run_next()

    job = Job.objects.get(run=run)
    assert job.status == Job.Status.CANCELLED
    assert CHANGES[change] in job.error_message
    run.refresh_from_db()
    assert (run.state, run.command) == (Run.State.FINISHED, "")
    line = AuditLog.objects.get(action="run.cancel_requested")
    assert CHANGES[change] in line.details["reason"]


def test_a_demoted_launcher_takes_no_password_along(alice, server):
    run = make.launch(make.playbook(), alice, [server])
    type(alice).objects.filter(pk=alice.pk).update(role="viewer")
    assert Run.objects.claim_next() is None
    assert "lost the right to launch" in Job.objects.get(run=run).error_message


def test_a_long_reason_is_kept_as_far_as_it_goes(alice, prod):
    servers = [
        make.server(
            hostname=f"{'x' * 60}.{'y' * 60}{n}",
            environment="production",
            credential=prod,
            host_key=make.HOST_KEY,
        )
        for n in range(4)
    ]
    run = make.launch(make.playbook(), alice, servers)
    Credential.objects.update(environments=[])
    assert Run.objects.claim_next() is None
    run.refresh_from_db()
    assert len(run.cancel_reason) <= 200


def test_the_run_behind_it_goes_on(alice, server, mine):
    stopped = make.launch(make.playbook(), alice, [server])
    behind = make.launch(make.playbook(), alice, [mine])
    Credential.objects.update(is_active=False)
    claimed_run = Run.objects.claim_next()
    stopped.refresh_from_db()
    assert stopped.outcome == "cancelled"
    assert claimed_run == behind


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changed_since_the_claim_ends_the_run_before_it_starts(prod, server, change):
    run = claimed(make.HELLO, server)
    change(server, prod)

    job = finish_here(run)

    assert job.status == Job.Status.FAILED
    assert CHANGES[change] in job.error_message
    assert Job.objects.get().run.command == ""


# --- In the run -----------------------------------------------------------------------------------


# Ansible's words with a password, where ssh says “Host key verification failed”.
UNVERIFIED = "Using a SSH password instead of a key is not possible because Host Key checking"


def raw(**play: Any) -> list[dict[str, Any]]:
    task = {"name": "Ask", "ansible.builtin.raw": "id -un", **play.pop("task", {})}
    return [{"hosts": "all", "gather_facts": False, **play, "tasks": [task]}]


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.as_root
def test_a_play_that_leads_the_connection_elsewhere_sends_no_password(
    password_sshd, sshd, account, alice
):
    """Both answer and both are pinned, but each under its own identity."""
    credential = make.credential(ssh_user=account.name, ssh_password=account.password)
    target = make.ssh_server(
        password_sshd,
        ssh_user="",
        ssh_key_path="",
        credential=credential,
        host_key=password_sshd.host_key,
    )
    make.ssh_server(sshd, host_key=sshd.host_key)
    elsewhere = {"vars": {"ansible_port": sshd.port}}

    there = run_here(make.playbook(raw()), target, actor=alice)[0]
    led_away = run_here(make.playbook(raw(task=elsewhere)), target, actor=alice)[0]

    assert there.status == Job.Status.SUCCESS, text_of(there)
    assert led_away.status == Job.Status.FAILED
    assert UNVERIFIED in text_of(led_away)


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.as_root
def test_a_server_of_another_kind_of_key_gets_no_password(password_sshd, account, alice, tmp_path):
    rsa = " ".join(generate_key(tmp_path / "rsa", kind="rsa").split()[:2])
    credential = make.credential(ssh_user=account.name, ssh_password=account.password)
    server = make.ssh_server(
        password_sshd, ssh_user="", ssh_key_path="", credential=credential, host_key=rsa
    )

    job = run_here(make.playbook(raw()), server, actor=alice)[0]

    assert job.status == Job.Status.FAILED
    assert UNVERIFIED in text_of(job)
    server.refresh_from_db()
    assert server.host_key == rsa


def test_a_key_goes_to_no_neighbour_out_of_its_scope(tmp_path, sshd):
    credential = make.credential(
        ssh_user="ops", ssh_private_key=sshd.key_file.read_text(), environments=[]
    )
    target, allowed, other = (make.server(hostname=name) for name in ("web1", "web2", "web3"))
    credential.allowed_servers.set([target, allowed])
    Server.objects.filter(pk=target.pk).update(credential=credential)
    target.refresh_from_db()

    write_inventory(tmp_path, [target], [allowed, other])

    inventory = json.loads((tmp_path / "hosts.json").read_text())
    hosts = inventory["_meta"]["hostvars"]
    key = "ansible_ssh_private_key_file"
    assert [key in hosts[name] for name in ("web1", "web2", "web3")] == [True, True, False]
    assert key not in inventory["all"]["vars"]


def test_a_pinned_servers_options_come_before_all_others(tmp_path, prod, server):
    Server.objects.filter(pk=server.pk).update(
        variables={"ansible_ssh_args": "-o StrictHostKeyChecking=no"}
    )
    write_inventory(tmp_path, [Server.objects.get(pk=server.pk)])

    hosts = json.loads((tmp_path / "hosts.json").read_text())["_meta"]["hostvars"]
    assert hosts["db1"]["ansible_ssh_args"] == "-o StrictHostKeyChecking=no"
    for program in ("ssh", "scp", "sftp"):
        script = Path(hosts["db1"][f"ansible_{program}_executable"]["__ansible_unsafe"])
        options, others = script.read_text().partition('"$@"')[::2]
        assert f"exec {program} -F " in options and others == "\n"
        assert "-o StrictHostKeyChecking=yes" in options
        assert f"-o HostKeyAlias=infraops-server-{server.pk}" in options
    known = (tmp_path / "known_hosts").read_text().splitlines()
    assert f"infraops-server-{server.pk} {make.HOST_KEY}" in known
