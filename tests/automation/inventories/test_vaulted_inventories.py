"""Vaulted values of an inventory open in its runs, are masked in their logs, and say who lacks."""

import pytest

from automation.models import Job
from inventory.ansible.reading import read
from inventory.importing import import_inventory
from inventory.models import Inventory, Server
from tests import make
from tests.automation.running import run_here, run_one, sealed_by_ansible, text_of

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

LOCAL = "ansible_connection: local, ansible_host: 127.0.0.1"
HOSTS = f"web: {{hosts: {{web1: {{{LOCAL}}}}}}}\ndb: {{hosts: {{db1: {{{LOCAL}}}}}}}\n"
MSG = "<{{ note }}> <{{ of_group }}> <{{ file_token }} {{ file_port }}> {{ hostvars['db1'].pin }}"
CONTENT = [
    {
        "hosts": "web",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.assert": {
                    "that": [
                        "note == 'deep blue'",
                        "of_group == 'of the group'",
                        "file_token == 'whole file'",
                        "hostvars['db1'].pin == 'of the neighbour'",
                    ]
                }
            },
            {"name": "Show", "ansible.builtin.debug": {"msg": MSG}},
        ],
    }
]
TOLD = ("deep blue", "of the group", "whole file", "of the neighbour")


def value(text: str, password: str, folder, vault_id: str = "") -> str:
    sealed = sealed_by_ansible(text, password, folder, vault_id=vault_id)
    return "!vault |\n  " + sealed.strip().replace("\n", "\n  ") + "\n"


@pytest.fixture
def web1(tmp_path) -> Server:
    """A server with values under two vault ids, and a file that is vaulted as a whole."""
    folder = tmp_path / "inventory"
    files = {
        "hosts.yml": HOSTS,
        "group_vars/web.yml": "of_group: " + value("of the group", "of prod", tmp_path, "prod"),
        "host_vars/web1/note.yml": "note: " + value("deep blue", "of all", tmp_path),
        "host_vars/web1/vault.yml": sealed_by_ansible(
            "file_token: whole file\nfile_port: 8080\n", "of prod", tmp_path, vault_id="prod"
        ),
        "host_vars/db1.yml": "pin: " + value("of the neighbour", "of all", tmp_path),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    import_inventory(read(folder / "hosts.yml"))
    return Server.objects.get(inventory_name="web1")


def inventorys(password: str, vault_id: str = "default"):
    inventory = Inventory.objects.default()
    return make.vault_password(password, inventory=inventory, vault_id=vault_id)


def test_they_open_with_passwords_of_playbook_and_inventory_and_are_masked(web1):
    playbook = make.playbook(CONTENT)
    make.vault_password("of all", playbook=playbook)
    inventorys("of prod", "prod")
    inventorys("of nothing")
    (job,) = run_here(playbook, web1)
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "<********> <********> <******** 8080> ********" in text_of(job)
    assert not [text for text in TOLD if text in text_of(job)]
    ids = [part for part in job.run.command.split() if "@vault/" in part]
    assert [each.partition("@")[0] for each in ids] == ["default", "default", "prod"]


def test_a_missing_password_is_said_before_and_after(web1, alice):
    playbook = make.playbook(CONTENT)
    words = make.rehearse(playbook, alice, [web1]).words
    assert any("neither the playbook nor the inventory has a vault password" in w for w in words)
    (job,) = run_here(playbook, web1)
    assert job.status == Job.Status.FAILED
    assert "Add it under “Vault passwords”" in job.error_message, job.error_message


def test_a_wrong_password_is_said(web1):
    playbook = make.playbook(CONTENT)
    inventorys("not it")
    (job,) = run_here(playbook, web1)
    assert job.status == Job.Status.FAILED
    assert "Enter the right one under “Vault passwords”" in job.error_message, job.error_message


def test_a_wrong_password_for_a_value_fails_its_task(tmp_path):
    folder = tmp_path / "inventory"
    folder.mkdir()
    vaulted = value("deep blue", "of all", tmp_path).replace("\n  ", "\n        ")
    hosts = f"all:\n  hosts:\n    web1:\n      ansible_connection: local\n      note: {vaulted}"
    (folder / "hosts.yml").write_text(hosts)
    import_inventory(read(folder / "hosts.yml"))
    content = [{**CONTENT[0], "hosts": "all", "tasks": [{"debug": {"msg": "{{ note }}"}}]}]
    inventorys("not it")
    job = run_one(content, Server.objects.get())
    assert job.failure_kind == Job.FailureKind.TASK_FAILED
    assert "Enter the right one under “Vault passwords”" in job.error_message, job.error_message
