"""Vault passwords and environment variables in a run: who gets them, and who does not."""

import json
from typing import Any

import pytest
from django.conf import settings

from audit.models import AuditLog
from audit.redaction import MASK
from automation.models import Job, TaskResult
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Server, ServerFacts
from schema.exceptions import Refused
from tests import make
from tests.automation.running import (
    claimed,
    finish_here,
    run_here,
    run_one,
    sealed_by_ansible,
    text_of,
)
from tests.private_servers import SSHServer

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


def tasks(*each: dict[str, Any], **play: Any) -> list[dict[str, Any]]:
    return [{"hosts": "all", "gather_facts": False, **play, "tasks": list(each)}]


def shown(message: str) -> dict[str, Any]:
    return {"name": "Show", "ansible.builtin.debug": {"msg": message}}


def with_every_secret(sshd: SSHServer) -> Server:
    """A server that accepts the key; the passwords are there only to be searched for."""
    credential = make.credential(
        ssh_private_key=sshd.key_file.read_text(),
        ssh_password="needle-one",
        become_password="needle-two",
        environment={"CLOUD": "needle-three"},
    )
    return make.ssh_server(sshd, credential=credential, host_key=sshd.host_key)


def test_a_vaulted_file_and_a_vaulted_text_are_opened(tmp_path) -> None:
    in_file = sealed_by_ansible("colour: deep blue\n", "open sesame", tmp_path)
    in_text = sealed_by_ansible("light green", "for prod {{ x }}", tmp_path, vault_id="prod")
    make.playbook_file("vars/hidden.yml", in_file)
    indented = "".join(f"        {line}\n" for line in in_text.splitlines())
    playbook = make.playbook(
        "- hosts: all\n  gather_facts: false\n  vars_files: [vars/hidden.yml]\n  vars:\n"
        f"    other: !vault |\n{indented}  tasks:\n"
        '    - name: Show\n      debug:\n        msg: "<{{ colour }}> <{{ other }}>"\n'
    )
    make.vault_password("open sesame", playbook=playbook)
    make.vault_password("for prod {{ x }}", playbook=playbook, vault_id="prod")

    job = run_here(playbook, make.localhost())[0]

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "<deep blue> <light green>" in text_of(job)
    job.run.refresh_from_db()
    assert "--vault-id prod@vault/" in job.run.command
    assert "sesame" not in job.run.command


def test_without_the_password_the_job_says_so(tmp_path) -> None:
    make.playbook_file("vars/hidden.yml", sealed_by_ansible("a: 1\n", "open sesame", tmp_path))

    job = run_one(tasks(shown("x"), vars_files=["vars/hidden.yml"]))

    assert job.status == Job.Status.FAILED
    assert "vault" in job.error_message.lower()


def test_the_environment_reaches_the_play_and_shows_nowhere() -> None:
    value = 'it\'s {{ 7 * 7 }} $HOME `id` "ä"\nline two'
    credential = make.credential(environment={"CLOUD_TOKEN": value, "REGION": "eu"})
    play = tasks(
        shown("<{{ lookup('env', 'CLOUD_TOKEN') }}>"),
        shown("length {{ lookup('env', 'CLOUD_TOKEN') | length }}"),
        {"name": "Ask", "ansible.builtin.command": "printenv CLOUD_TOKEN REGION"},
        {"name": "Fail", "ansible.builtin.fail": {"msg": "{{ lookup('env', 'CLOUD_TOKEN') }}"}},
    )

    job = run_one(play, make.localhost(credential=credential))

    assert job.failed_task == "Fail", text_of(job)
    assert f"length {len(value)}" in text_of(job)
    kept = json.dumps(
        [
            text_of(job),
            job.error_message,
            job.run.command,
            *AuditLog.objects.values_list("details", flat=True),
            *(ticket.description for ticket in job.tickets.all()),
        ],
        default=str,
    )
    assert MASK in kept
    assert "7 * 7" not in kept and "line two" not in kept


def test_no_secret_is_kept_in_facts_or_task_results(sshd) -> None:
    server = with_every_secret(sshd)
    play = tasks(
        shown("{{ ansible_password }} {{ ansible_become_password }} {{ hostvars }}"),
        {"name": "Run it with needle-one", "ansible.builtin.command": "echo needle-two"},
        {
            "name": "Write it",
            "ansible.builtin.copy": {
                "content": "password: {{ lookup('env', 'CLOUD') }}\n",
                "dest": "{{ lookup('env', 'HOME') }}/infraops-never-written",
            },
        },
        {"name": "Fail with needle-one", "ansible.builtin.fail": {"msg": "{{ ansible_password }}"}},
        gather_facts=True,
    )

    job = run_one(play, server, diff_mode=True, check_mode=True)

    assert job.failed_task == MASK, text_of(job)
    assert TaskResult.objects.filter(job=job).exists() and ServerFacts.objects.exists()
    kept = [
        *TaskResult.objects.values(),
        *ServerFacts.objects.values(),
        *AuditLog.objects.values(),
        *Job.objects.values(),
        text_of(job),
    ]
    assert "needle-" not in json.dumps(kept, default=str)


def test_no_secret_stands_in_a_command_line_or_in_an_artifact(sshd, tmp_path) -> None:
    look = (
        "import os, pathlib, sys\n"
        "needle = 'needle' + '-'\n"
        f"runs = pathlib.Path({str(settings.RUN_ROOT)!r})\n"
        "found = [str(p) for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')\n"
        "         if needle.encode() in p.read_bytes()]\n"
        "files = [p for p in runs.rglob('*') if p.is_file() and not p.is_symlink()]\n"
        "holding = [p for p in files if needle.encode() in p.read_bytes()]\n"
        "modes = {oct(p.stat().st_mode & 0o777) for p in holding}\n"
        "print(found, sorted(p.name for p in holding), sorted(modes))\n"
    )
    (tmp_path / "look.py").write_text(look)
    command = f"{{{{ ansible_playbook_python }}}} {tmp_path}/look.py"
    playbook = make.playbook(
        tasks(
            {"name": "Look", "ansible.builtin.command": command, "register": "said"},
            shown("{{ said.stdout }}"),
        )
    )
    make.vault_password("needle-four", playbook=playbook)
    vault = str(playbook.vault_passwords.get().pk)

    job = run_here(playbook, with_every_secret(sshd))[0]

    assert job.status == Job.Status.SUCCESS, text_of(job)
    names = sorted([vault, "environment", "hosts.json"])
    assert f"[] {names} ['0o600']" in text_of(job)


def test_credentials_that_do_not_agree_on_a_variable_do_not_start() -> None:
    servers = [
        make.localhost(credential=make.credential(environment={"REGION": region}))
        for region in ("eu-west", "us-east")
    ]

    jobs = run_here(make.playbook(), *servers)

    assert {job.status for job in jobs} == {Job.Status.FAILED}
    assert "different values for the environment variable REGION" in jobs[0].error_message
    assert "eu-west" not in jobs[0].error_message


def test_neighbours_get_nothing_of_a_credential(tmp_path) -> None:
    private = make.credential(ssh_password="hunter2", become_password="hunter3")
    target, neighbour = make.server(credential=private), make.server(credential=private)

    write_inventory(tmp_path, [target], [neighbour])

    inventory = json.loads((tmp_path / "hosts.json").read_text())
    hosts = inventory["_meta"]["hostvars"]
    assert hosts[target.hostname]["ansible_password"] == {"__ansible_unsafe": "hunter2"}
    assert "hunter" not in json.dumps(hosts[neighbour.hostname])
    assert "hunter" not in json.dumps(inventory["all"])


def test_a_secret_that_no_key_opens_ends_the_run_by_its_name(settings) -> None:
    server = make.localhost(credential=make.credential(name="prod", become_password="x"))
    run = claimed(make.HELLO, server)
    settings.ENCRYPTION_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXIhISE="]

    job = finish_here(run)

    assert job.status == Job.Status.FAILED
    assert "The credential “prod” (become password): No key" in job.error_message


# --- The launch -----------------------------------------------------------------------------------


def test_an_inactive_credential_is_refused(alice) -> None:
    off = make.credential(name="old", is_active=False)
    for servers, named in (([make.server(credential=off)], None), ([make.server()], off)):
        with pytest.raises(Refused, match="“old” is inactive"):
            make.launch(make.playbook(), alice, servers, credential=named)


def test_naming_another_one_launches_on_a_server_whose_own_is_inactive(alice) -> None:
    server = make.server(credential=make.credential(is_active=False))
    run = make.launch(make.playbook(), alice, [server], credential=make.credential(name="new"))
    assert str(run.credential) == "new"
