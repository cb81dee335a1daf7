"""How a run connects to servers: host keys, delegation, group names, with a real sshd."""

import pytest

from audit.models import AuditLog
from automation.models import Job
from tests import make
from tests.automation.running import run_here, run_one, text_of
from tests.private_servers import generate_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.on_either]

WHERE = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Where", "ansible.builtin.raw": "echo $SSH_CONNECTION"}],
    }
]
# As inventories have them for a jump host.
OWN_ARGUMENTS = {"ansible_ssh_common_args": "-o ConnectTimeout=7 -o StrictHostKeyChecking=no"}


@pytest.fixture
def other_key(tmp_path) -> str:
    """A host key that is not the server's."""
    return " ".join(generate_key(tmp_path / "other").split()[:2])


def test_an_unknown_servers_key_is_accepted_and_pinned(sshd):
    server = make.ssh_server(sshd)
    job = run_one(WHERE, server)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    server.refresh_from_db()
    assert sshd.host_key in server.host_key
    again = run_one(WHERE, server)
    assert again.status == Job.Status.SUCCESS
    actions = AuditLog.objects.about(server).values_list("action", flat=True)
    assert len(actions) <= 1


@pytest.mark.parametrize("more", [{}, OWN_ARGUMENTS])
def test_a_server_with_another_key_than_the_pinned_one_is_unreachable(sshd, other_key, more):
    server = make.ssh_server(sshd, host_key=other_key)
    server.variables |= more
    server.save()
    job = run_one(WHERE, server)
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, "unreachable"), text_of(job)
    server.refresh_from_db()
    assert server.host_key == other_key


def test_a_servers_own_ssh_arguments_are_used(sshd):
    server = make.ssh_server(sshd, host_key=sshd.host_key)
    server.variables |= {"ansible_ssh_common_args": "-o SetEnv=A=B -o ProxyCommand=/bin/false"}
    server.save()
    assert run_one(WHERE, server).failure_kind == "unreachable"
    server.variables |= OWN_ARGUMENTS
    server.save()
    assert run_one(WHERE, server).status == Job.Status.SUCCESS


def test_a_delegated_task_reaches_a_neighbour_with_the_runs_own_key(sshd):
    content = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "There",
                    "ansible.builtin.raw": "echo reached",
                    "delegate_to": "neighbour",
                }
            ],
        }
    ]
    make.ssh_server(sshd, hostname="neighbour", ssh_key_path="gone")
    job = run_one(content, make.ssh_server(sshd))
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "neighbour" in text_of(job)


def test_a_group_with_a_hyphen_is_found_without_a_warning():
    server = make.in_groups(make.localhost(), "web-servers")
    content = [{**make.HELLO[0], "hosts": "web-servers"}]
    (job,) = run_here(make.playbook(content), server)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "WARNING" not in text_of(job)
