"""Connections as the team has them: aliases, jump hosts, arguments, templates; keys are checked."""

from collections.abc import Callable
from typing import Any

import pytest

from automation.models import Job
from inventory.ansible.reading import read
from inventory.importing import import_inventory
from inventory.models import Server
from tests import make
from tests.automation.running import run_one, text_of
from tests.private_servers import SSHServer, generate_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.on_either]

PYTHON = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
WHERE = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Where", "ansible.builtin.raw": "echo $SSH_CONNECTION"}],
    }
]
# Files go another way than commands, with another program.
COPIES = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Copy", "ansible.builtin.script": "say.sh"}],
    }
]
NO_CHECKS = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"


@pytest.fixture
def other_key(tmp_path) -> str:
    return " ".join(generate_key(tmp_path / "other").split()[:2])


@pytest.fixture
def configured(settings, tmp_path) -> Callable[[str], None]:
    """Write the ssh configuration of the worker."""

    def write(text: str) -> None:
        path = tmp_path / "ssh config"
        path.write_text(text)
        settings.SSH_CONFIG = str(path)

    return write


def entry(name: str, sshd: SSHServer, *more: str) -> str:
    own = (f"HostName {sshd.address}", f"Port {sshd.port}", f"User {sshd.user}")
    lines = (*own, f"IdentityFile {sshd.key_file}", *more)
    return f"Host {name}\n" + "".join(f"    {line}\n" for line in lines)


def known_to_ssh(name: str, **fields: Any) -> Server:
    """A server of which InfraOps knows the name only."""
    return make.server(hostname=name, ip_address="", variables=PYTHON, **fields)


# --- Aliases and jump hosts -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["db", "DB.Alias"])
def test_an_alias_that_only_ssh_knows_is_reached_and_its_key_pinned(sshd, configured, name):
    configured(entry(name, sshd))
    server = known_to_ssh(name)
    job = run_one(WHERE, server)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    server.refresh_from_db()
    assert server.host_key == sshd.host_key
    make.playbook_file("say.sh", "#!/bin/sh\necho copied\n")
    job = run_one(COPIES, server, verbosity=3)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "SSH: EXEC ssh -C" in text_of(job)


def test_an_alias_with_another_key_than_the_pinned_one_is_refused(sshd, configured, other_key):
    configured(entry("db", sshd, "StrictHostKeyChecking no", "UserKnownHostsFile /dev/null"))
    job = run_one(WHERE, known_to_ssh("db", host_key=other_key))
    assert job.failure_kind == Job.FailureKind.UNREACHABLE, text_of(job)
    assert "a host key other than the pinned one" in job.error_message


def test_without_a_configuration_the_alias_is_unknown(sshd, configured, settings):
    configured(entry("db.invalid", sshd))
    settings.SSH_CONFIG = "none"
    job = run_one(WHERE, known_to_ssh("db.invalid"))
    assert job.failure_kind == Job.FailureKind.UNREACHABLE
    assert "Could not resolve hostname db.invalid" in job.error_message


def test_a_jump_host_that_is_a_server_with_a_pinned_key(sshd, jump_host, configured, other_key):
    configured(entry("bastion", jump_host) + entry("inner", sshd, "ProxyJump bastion"))
    bastion = known_to_ssh("bastion", host_key=jump_host.host_key)
    inner = known_to_ssh("inner")
    job = run_one(WHERE, inner)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    inner.refresh_from_db()
    assert inner.host_key == sshd.host_key
    Server.objects.filter(pk=bastion.pk).update(host_key=other_key)
    job = run_one(WHERE, inner)
    assert job.failure_kind == Job.FailureKind.UNREACHABLE
    assert "The connection to its jump host" in job.error_message


def test_a_jump_host_of_the_inventory_by_its_arguments(sshd, jump_host, configured):
    configured(entry("bastion", jump_host))
    known_to_ssh("bastion", host_key=jump_host.host_key)
    inner = make.ssh_server(sshd, host_key=sshd.host_key)
    inner.variables |= {"ansible_ssh_common_args": "-o ProxyJump=bastion"}
    inner.save()
    job = run_one(WHERE, inner)
    assert job.status == Job.Status.SUCCESS, text_of(job)


# --- Arguments ------------------------------------------------------------------------------------


def in_ansible_cfg(arguments, monkeypatch, tmp_path) -> None:
    config = tmp_path / "ansible.cfg"
    config.write_text(f"[ssh_connection]\nssh_args = {arguments}\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(config))


@pytest.mark.parametrize("where", ["ansible.cfg", "host", "group", "play"])
def test_ssh_args_count_but_not_against_the_checks(sshd, other_key, where, monkeypatch, tmp_path):
    server = make.ssh_server(sshd, host_key=sshd.host_key)
    group = make.group("args", server)

    def outcome(arguments: str) -> str:
        content = WHERE
        if where == "ansible.cfg":
            in_ansible_cfg(arguments, monkeypatch, tmp_path)
        elif where == "host":
            server.variables |= {"ansible_ssh_args": arguments}
            server.save()
        elif where == "group":
            group.variables = {"ansible_ssh_args": arguments}
            group.save()
        else:
            content = [{**WHERE[0], "vars": {"ansible_ssh_args": arguments}}]
        job = run_one(content, Server.objects.get(pk=server.pk))
        return f"{job.status} {job.error_message}"

    assert outcome("-o ConnectTimeout=7").startswith("success")
    assert outcome("-o ProxyCommand=/bin/false").startswith("failed")
    Server.objects.filter(pk=server.pk).update(host_key=other_key)
    server.host_key = other_key
    assert "a host key other than the pinned one" in outcome(NO_CHECKS)


def test_loopback_addresses_are_no_exception(sshd, other_key):
    server = make.ssh_server(sshd, host_key=other_key)
    server.variables |= {"ansible_ssh_extra_args": "-o NoHostAuthenticationForLocalhost=yes"}
    server.save()
    job = run_one(WHERE, server)
    assert "a host key other than the pinned one" in f"{job.status} {job.error_message}"


# --- What an inventory says -----------------------------------------------------------------------


def imported(folder, text: str, **files: str) -> dict[str, Server]:
    path = folder / "hosts.yml"
    path.write_text(text)
    for name, content in files.items():
        file = folder / f"{name.replace('__', '/')}.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    import_inventory(read(path))
    return {server.inventory_name: server for server in Server.objects.all()}


def test_templates_and_unsafe_texts_in_where_and_who(sshd, tmp_path, other_key):
    servers = imported(
        tmp_path,
        f"""
all:
  vars: {{site: 127.0.0.1, the_port: {sshd.port}, ansible_private_key_file: {sshd.key_file}}}
  hosts:
    templated:
      who: {sshd.user}
      ansible_host: "{{{{ site }}}}"
      ansible_port: "{{{{ the_port }}}}"
      ansible_user: "{{{{ who }}}}"
    unsafe:
      ansible_host: !unsafe 127.0.0.1
      ansible_port: {sshd.port}
      ansible_user: !unsafe {sshd.user}
    of_group:
  children:
    grouped:
      hosts: {{of_group: }}
""",
        group_vars__grouped=f"ansible_host: '127.0.0.1'\nansible_port: {sshd.port}\n"
        f"ansible_ssh_user: {sshd.user}\n",
    )
    for name, server in servers.items():
        job = run_one(WHERE, server)
        assert job.status == Job.Status.SUCCESS, text_of(job)
        server.refresh_from_db()
        assert server.host_key == sshd.host_key, name
        Server.objects.filter(pk=server.pk).update(host_key=other_key)
        job = run_one(WHERE, Server.objects.get(pk=server.pk))
        assert "a host key other than the pinned one" in job.error_message, name
        Server.objects.filter(pk=server.pk).update(host_key="")


@pytest.mark.parametrize(
    "path", ["/nowhere/id_shop", "{{ keys }}/id_shop", "~/.ssh/id_infraops_nowhere"]
)
def test_a_key_that_the_worker_lacks_is_named_in_the_outcome(sshd, tmp_path, path):
    (server,) = imported(
        tmp_path,
        f"""
all:
  hosts:
    shop:
      keys: /nowhere
      ansible_host: 127.0.0.1
      ansible_port: {sshd.port}
      ansible_user: {sshd.user}
      ansible_ssh_private_key_file: "{path}"
""",
    ).values()
    job = run_one(WHERE, server)
    assert job.failure_kind == Job.FailureKind.UNREACHABLE
    name = path.rpartition("/")[2]
    assert f"/{name}. Put it there, or choose a credential." in job.error_message
    assert "The worker has no SSH key file /" in job.error_message


@pytest.mark.parametrize("written", ["::1", "[::1]:{port}"])
def test_an_ipv6_address_as_a_name(sshd_six, tmp_path, written):
    own_port = "" if "port" in written else f"ansible_port: {sshd_six.port}"
    (server,) = imported(
        tmp_path,
        f"""
all:
  hosts:
    "{written.format(port=sshd_six.port)}":
      ansible_user: {sshd_six.user}
      ansible_ssh_private_key_file: {sshd_six.key_file}
      {own_port}
""",
    ).values()
    name = server.inventory_name
    assert name == "::1"
    job = run_one(WHERE, server)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert f"ok: [{name}]" in text_of(job) or f"changed: [{name}]" in text_of(job)
    server.refresh_from_db()
    assert server.host_key == sshd_six.host_key


def test_other_connections_are_taken_as_they_are(tmp_path):
    servers = imported(
        tmp_path,
        """
all:
  hosts:
    localhost: {ansible_connection: local}
    here: {ansible_connection: ansible.builtin.local, ansible_host: 192.0.2.1}
    windows: {ansible_connection: winrm, ansible_host: 127.0.0.1, ansible_winrm_password: hunter2}
    container: {ansible_connection: community.docker.docker}
""",
    )
    content = [{**WHERE[0], "tasks": [{"ansible.builtin.raw": "echo reached"}]}]
    jobs = {name: run_one(content, server) for name, server in servers.items()}
    assert [jobs[name].status for name in ("localhost", "here")] == [Job.Status.SUCCESS] * 2
    for name, said in (("windows", "winrm"), ("container", "docker")):
        assert jobs[name].failure_kind in (
            Job.FailureKind.UNREACHABLE,
            Job.FailureKind.TASK_FAILED,
        ), text_of(jobs[name])
        assert said in jobs[name].error_message
        assert "hunter2" not in text_of(jobs[name])
