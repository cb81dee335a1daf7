"""Run playbooks in tests: in this process, or bare for comparison."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pexpect

from automation.ansi import plain
from automation.execution.ansible_process import ansible_playbook
from automation.execution.runner import execute
from automation.models import Job, Playbook, Run
from automation.tasks import run_next
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Server
from tests import make

# What varies from run to run in a command's result.
VARYING = re.compile(r'"(delta|start|end)": "[^"]*"')


def run_here(playbook: Playbook, *servers: Server, **options: Any) -> list[Job]:
    """Launch and run to the end in this process, with the real ansible-playbook.

    Returns the jobs. By default an admin launches, who may set every option.
    """
    actor = options.pop("actor", None) or make.user(role="admin")
    run = make.launch(playbook, actor, list(servers), **options)
    assert run_next() == f"run {run.pk}"
    return list(Job.objects.filter(run=run).recent().order_by("id"))


def run_one(content: Any, server: Server | None = None, **options: Any) -> Job:
    """One finished job of a playbook with this content, by default on this machine."""
    playbook = make.playbook(content, accepts_undeclared="extra_vars" in options)
    return run_here(playbook, server or make.localhost(), **options)[0]


def claimed(content: Any, server: Server | None = None, **options: Any) -> Run:
    """A launched run that this process has claimed but not yet run."""
    make.launch(
        make.playbook(content), make.user(role="operator"), [server or make.localhost()], **options
    )
    run = Run.objects.claim_next()
    assert run is not None
    return run


def finish_here(run: Run) -> Job:
    assert execute(run)
    return Job.objects.recent().get(run=run)


def text_of(job: Job) -> str:
    return "\n".join(plain(content) for content in lines_of(job))


def lines_of(job: Job) -> list[str]:
    numbered = list(job.logs.order_by("line_number").values_list("line_number", "content"))
    assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1))
    return [content for _, content in numbered]


def sealed_by_ansible(text: str, password: str, folder: Path, *, vault_id: str = "") -> str:
    """The text, encrypted by the real ansible-vault."""
    key, clear = folder / "password", folder / "clear"
    key.write_text(password)
    clear.write_text(text)
    program = Path(ansible_playbook() or "").with_name("ansible-vault")
    identity = ["--vault-id", f"{vault_id}@{key}"] if vault_id else ["--vault-password-file", key]
    subprocess.run(
        [program, "encrypt", *identity, clear],
        check=True,
        capture_output=True,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    )
    return clear.read_text()


def bare_lines(playbook: Playbook, server: Server, folder: Path, *arguments: str) -> list[str]:
    """What bare ansible-playbook prints for the same files in a terminal, without InfraOps."""
    folder.mkdir(mode=0o700)
    inventory = write_inventory(folder, [server])
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_SSH_COMMON_ARGS": f"-o UserKnownHostsFile={folder / 'known_hosts'} "
        "-o StrictHostKeyChecking=accept-new",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder),
    }
    output = pexpect.run(
        f"{ansible_playbook()} -i {inventory} --limit {server.hostname} {' '.join(arguments)} "
        f"{playbook.path}",
        env=environment,
        cwd=str(playbook.path.parent),
        timeout=120,
        encoding="utf-8",
    )
    return output.split("\r\n")[:-1]


def comparable(lines: list[str]) -> list[str]:
    return [VARYING.sub(r'"\1": "…"', line) for line in lines]
