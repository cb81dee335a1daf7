"""Credentials with a real sshd: each kind logs a run in, and nothing stays behind or shows."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from audit.models import AuditLog
from audit.redaction import MASK
from automation.models import Job
from automation.tasks import run_next
from inventory.models import Credential, Server
from tests import make
from tests.automation.running import run_here, run_one, text_of
from tests.private_servers import Account, SSHServer, generate_key, program

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


def raw(command: str, **play: Any) -> list[dict[str, Any]]:
    """A play that needs only a shell on the server and shows the command's output."""
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            **play,
            "tasks": [
                {"name": "Ask", "ansible.builtin.raw": command, "register": "said"},
                {"name": "Show", "ansible.builtin.debug": {"msg": "<{{ said.stdout | trim }}>"}},
            ],
        }
    ]


WHO = raw("id -un")


def reached(sshd: SSHServer, **fields: Any) -> Server:
    """The sshd as a pinned server without a user or key of its own."""
    own = {"ssh_user": "", "ssh_key_path": "", "host_key": sshd.host_key}
    return make.ssh_server(sshd, **{**own, **fields})


def with_password(account: Account, password: str = "", **fields: Any) -> Credential:
    return make.credential(
        ssh_user=account.name, ssh_password=password or account.password, **fields
    )


@pytest.fixture
def key(sshd: SSHServer) -> Credential:
    return make.credential(ssh_user=sshd.user, ssh_private_key=sshd.key_file.read_text())


def test_a_key(sshd, key) -> None:
    job = run_one(WHO, reached(sshd, credential=key))

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert f"<{sshd.user}>" in text_of(job)


def test_a_key_with_a_passphrase(sshd, tmp_path) -> None:
    copy = tmp_path / "key"
    copy.touch(mode=0o600)
    copy.write_text(sshd.key_file.read_text())
    change = [program("ssh-keygen"), "-q", "-p", "-N", "open sesame", "-f", str(copy)]
    subprocess.run(change, check=True)
    credential = make.credential(
        ssh_user=sshd.user, ssh_private_key=copy.read_text(), ssh_key_passphrase="open sesame"
    )

    job = run_one(WHO, reached(sshd, credential=credential))

    assert job.status == Job.Status.SUCCESS, text_of(job)


@pytest.mark.as_root
def test_a_password_that_would_mean_something_to_a_template(password_sshd, account) -> None:
    server = reached(password_sshd, credential=with_password(account))

    job = run_one(raw("id -un; echo '{{ ansible_password | b64encode }}' | base64 -d"), server)

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert f"<{account.name}" in text_of(job)
    # The play sees the exact text, and the log shows none of it.
    assert MASK in text_of(job)
    assert account.password not in text_of(job)


@pytest.mark.as_root
def test_a_wrong_password_is_refused_and_does_not_show(password_sshd, account) -> None:
    server = reached(password_sshd, credential=with_password(account, "not it {{ at }} all"))

    job = run_one(WHO, server)

    assert job.failure_kind == Job.FailureKind.UNREACHABLE
    assert "not it" not in text_of(job) + job.error_message


@pytest.mark.as_root
def test_a_become_password(password_sshd, account, other_account) -> None:
    credential = with_password(
        account,
        become_method="su",
        become_user=other_account.name,
        become_password=other_account.password,
    )
    server = reached(password_sshd, credential=credential)

    job = run_one(raw("id -un"), server, become=True)

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert f"<{other_account.name}>" in text_of(job)


@pytest.mark.as_root
@pytest.mark.parametrize(
    "option",
    [
        "HostKeyAlias=elsewhere",
        "GlobalKnownHostsFile={file}",
        "KnownHostsCommand='/bin/cat {file}'",
    ],
)
def test_no_option_sends_a_password_to_another_host(
    password_sshd, account, tmp_path, option
) -> None:
    known = tmp_path / "known"
    known.write_text(f"* {password_sshd.host_key}\n")
    known.chmod(0o644)
    other = " ".join(generate_key(tmp_path / "other").split()[:2])
    server = reached(password_sshd, credential=with_password(account), host_key=other)
    server.variables |= {"ansible_ssh_extra_args": f"-o {option.format(file=known)}"}
    server.save()
    job = run_one(WHO, server)
    assert "a host key other than the pinned one" in f"{job.status} {job.error_message}"


def test_the_launchs_credential_wins_over_the_servers(password_sshd, account, alice) -> None:
    wrong = make.credential(name="wrong", ssh_user="nobody", ssh_password="wrong")
    server = reached(
        password_sshd,
        ssh_user="nobody",
        credential=wrong,
        variables={"ansible_ssh_password": "wrong too", "ansible_ssh_pass": "and this"},
    )
    right = with_password(account, name="right")

    job = run_here(make.playbook(WHO), server, actor=alice, credential=right)[0]

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert job.run.credential == right
    line = AuditLog.objects.get(action="run.launched")
    assert line.details["login"] == "right"


def test_the_key_file_holds_where_the_credential_has_no_way_in(sshd) -> None:
    credential = make.credential(become_password="for later")

    job = run_one(WHO, make.ssh_server(sshd, credential=credential, host_key=sshd.host_key))

    assert job.status == Job.Status.SUCCESS, text_of(job)


@pytest.mark.as_root
def test_a_run_does_not_reuse_the_connection_of_another(password_sshd, account) -> None:
    good, bad = with_password(account), with_password(account, "wrong")
    server = reached(password_sshd)
    none = make.credential(ssh_user=account.name)

    first = run_one(WHO, server, credential=good)
    then = [run_one(WHO, server, credential=other) for other in (bad, none)]
    again = run_one(WHO, server, credential=good)

    assert [first.status, again.status] == [Job.Status.SUCCESS] * 2
    assert [job.failure_kind for job in then] == [Job.FailureKind.UNREACHABLE] * 2


# --- Host keys ------------------------------------------------------------------------------------


def test_the_pinned_host_key_is_let_pass(sshd, key) -> None:
    job = run_one(WHO, reached(sshd, credential=key))

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert not AuditLog.objects.filter(action="server.host_key_learned").exists()


def test_another_host_key_is_refused_and_the_job_says_what_to_do(sshd, key, tmp_path) -> None:
    other = " ".join(generate_key(tmp_path / "other").split()[:2])
    server = reached(sshd, credential=key, host_key=other)

    job = run_one(WHO, server)

    assert job.failure_kind == Job.FailureKind.UNREACHABLE
    assert "a host key other than the pinned one" in job.error_message
    assert "fetch its new host key" in job.error_message
    server.refresh_from_db()
    assert server.host_key == other


def test_an_unknown_host_key_is_learned_once(sshd, key) -> None:
    server = reached(sshd, credential=key, host_key="")

    jobs = [run_one(WHO, Server.objects.get(pk=server.pk)) for _ in range(2)]

    assert [job.status for job in jobs] == [Job.Status.SUCCESS] * 2
    server.refresh_from_db()
    assert server.host_key == sshd.host_key
    line = AuditLog.objects.get(action="server.host_key_learned")
    assert line.details["host_key"] == sshd.host_key


# --- Nothing left behind, nothing shown -----------------------------------------------------------


def test_the_run_leaves_no_file_behind(sshd, key, monkeypatch) -> None:
    # Sockets need a short path.
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets:
        monkeypatch.setattr("automation.execution.run_folder.CONTROL_PATH_ROOT", sockets)

        run_one(WHO, reached(sshd, credential=key))

        assert list(Path(settings.RUN_ROOT).iterdir()) == list(Path(sockets).iterdir()) == []


def test_an_inactive_credential_ends_a_run_that_waited(sshd, key) -> None:
    server = reached(sshd, credential=key)
    playbook = make.playbook(WHO)
    make.launch(playbook, make.user(role="operator"), [server])
    Credential.objects.update(is_active=False)

    run_next()

    job = Job.objects.get()
    assert job.status == Job.Status.CANCELLED
    assert "is inactive" in job.error_message
