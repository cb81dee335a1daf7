"""A launch does what `ansible-playbook` does in the team's repository, with what is beside it."""

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from automation.ansi import plain
from automation.execution.ansible_process import ansible_playbook
from automation.launching import Choice
from automation.models import Playbook, Run
from automation.tasks import run_next
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

LOCAL = f"ansible_connection=local\nansible_python_interpreter={make.PYTHON}\n"
HOSTS = f"[server]\nz9\na1\n[agent]\nm5\n[cluster:children]\nserver\nagent\n[all:vars]\n{LOCAL}"
ASK = "{{ %s | default('nothing') }}"
MADE = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - debug: {{msg: "localhost has {ASK % "of_localhost"}"}}
    - add_host: {{name: newvm, groups: [fresh], ansible_connection: local}}
- hosts: server[0]
  gather_facts: false
  order: sorted
  tasks:
    - debug: {{msg: "{{{{ inventory_hostname }}}} is first"}}
    - group_by: {{key: os_debian}}
- hosts: os_debian:fresh
  gather_facts: false
  tasks:
    - debug: {{msg: "group {ASK % "of_group"}, host {ASK % "of_host"}, all {ASK % "of_all"}"}}
"""
BESIDE = {
    "group_vars/all/a.yml": "of_all: 1\n",
    "group_vars/os_debian.yml": "of_group: debian\n",
    "group_vars/fresh/x.yaml": "of_group: new\n",
    "group_vars/README.md": "no variables: [\n",
    "host_vars/newvm": "of_host: 7\n",
    "host_vars/localhost.yml": "of_localhost: 8\n",
}


def write(folder: str, files: dict[str, str]) -> Path:
    for name, content in files.items():
        make.playbook_file(f"{folder}/{name}", content)
    return Path(settings.PLAYBOOK_ROOT) / folder


def shown(lines: list[str]) -> Counter[str]:
    """The messages of tasks, and the rows of the recap."""
    return Counter(line.strip() for line in lines if '"msg"' in line or " ok=" in line)


def bare(folder: Path, *arguments: str) -> Counter[str]:
    names = ("PATH", "HOME")
    found = subprocess.run(
        [str(ansible_playbook()), *arguments],
        cwd=folder,
        env={name: os.environ[name] for name in names} | {"LC_ALL": "C.UTF-8"},
        check=True,
        capture_output=True,
        text=True,
    )
    return shown(found.stdout.splitlines())


def launched(playbook: Playbook, path: Path) -> Run:
    """A run on the whole inventory that the file is."""
    call_command("import_inventory", str(path), "--inventory", "prod", verbosity=0)
    run = make.launch(playbook, make.user(role="admin"), Choice(inventory="prod"))
    assert run_next() == f"run {run.pk}"
    run.refresh_from_db()
    return run


def lines_of(run: Run) -> list[str]:
    """The lines of all its jobs; those that several have, once."""
    texts = (
        list(job.logs.order_by("line_number").values_list("content", flat=True))
        for job in run.jobs.all()
    )
    most: Counter[str] = Counter()
    for lines in texts:
        most |= Counter(map(plain, lines))
    return list(most.elements())


def test_hosts_and_groups_that_a_play_makes_have_their_files_beside_the_inventory():
    folder = write("site", {f"inventory/{name}": text for name, text in BESIDE.items()})
    write("site", {"inventory/hosts.ini": HOSTS, "play.yml": MADE})
    expected = bare(folder, "-i", "inventory/hosts.ini", "play.yml")
    assert any("group new, host 7, all 1" in line for line in expected)
    playbook = make.playbook(MADE, file_path="site/play.yml")
    run = launched(playbook, folder / "inventory" / "hosts.ini")
    assert run.outcome == Run.End.SUCCESS
    assert {*shown(lines_of(run))} == {*expected}


def test_files_for_made_hosts_that_are_vaulted_need_the_password_as_bare(tmp_path):
    """They are links: what stands in them is Ansible's to open."""
    text = "- hosts: localhost\n  gather_facts: false\n  tasks: [{debug: {msg: there}}]\n"
    files = {"host_vars/localhost.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "hosts.ini": HOSTS}
    folder = write("vaulted", files)
    playbook = make.playbook(text, file_path="vaulted/play.yml")
    run = launched(playbook, folder / "hosts.ini")
    assert run.outcome == Run.End.FAILED
    assert "vault" in run.jobs.first().error_message.lower()
