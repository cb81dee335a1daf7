"""Runs on an imported inventory do what ansible-playbook does on the original."""

import pytest

from inventory.ansible.reading import read
from inventory.importing import import_inventory
from inventory.models import Server
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

LOCAL = "ansible_host=127.0.0.1 ansible_connection=local"


def imported(folder, text: str, **files: str) -> dict[str, Server]:
    path = folder / "inventory" / "hosts"
    path.parent.mkdir()
    path.write_text(text)
    for name, content in files.items():
        kind, _, stem = name.partition("__")
        file = path.parent / kind / f"{stem}.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    import_inventory(read(path))
    return {server.inventory_name: server for server in Server.objects.all()}


def play(message: str, **keywords):
    task = {"name": "Say", "ansible.builtin.debug": {"msg": message}}
    return [{"hosts": "web", "gather_facts": False, "tasks": [task], **keywords}]


def test_group_vars_beside_the_inventory_and_beside_the_playbook_keep_their_order(tmp_path):
    """The inventory's own [web:vars] lose to the playbook's files, its files to them as well."""
    servers = imported(
        tmp_path,
        f"[web]\ngv1 {LOCAL}\n[web:vars]\nport=80\napp=ini\nkept=ini\n",
        group_vars__web="beside: inventory\nover: inventory\n",
        group_vars__all="lowest: inventory\n",
    )
    make.playbook_file("precedence/group_vars/all.yml", "app: all\nlowest: playbook\n")
    make.playbook_file("precedence/group_vars/web.yml", "port: 8080\nover: playbook\n")
    said = "{{ port }} {{ app }} {{ kept }} {{ beside }} {{ over }} {{ lowest }}"
    playbook = make.playbook(play(said), file_path="precedence/site.yml")
    (job,) = run_here(playbook, *servers.values())
    assert "8080 all ini inventory playbook playbook" in text_of(job)


def test_an_empty_group_is_there(tmp_path):
    servers = imported(tmp_path, f"[web]\nemp1 {LOCAL}\n[standby]\n[lb:children]\nstandby\n")
    said = "standby={{ groups['standby'] | length }} lb={{ groups['lb'] | length }}"
    (job,) = run_here(make.playbook(play(said)), *servers.values())
    assert "standby=0 lb=0" in text_of(job)


def test_batches_follow_the_order_of_the_inventory(tmp_path):
    servers = imported(
        tmp_path, "".join(["[web]\n", *(f"{n} {LOCAL}\n" for n in ("zo1", "ao2", "mo3"))])
    )
    stop = {"name": "Stop", "ansible.builtin.command": "test -e /nonexistent"}
    playbook = make.playbook(play("", serial=1, any_errors_fatal=True, tasks=[stop]))
    jobs = run_here(playbook, *sorted(servers.values(), key=lambda each: each.hostname))
    outcomes = {job.server.hostname: "TASK [Stop]" in text_of(job) for job in jobs}
    assert outcomes == {"zo1": True, "ao2": False, "mo3": False}


def test_secrets_of_groups_reach_the_run_and_no_log(tmp_path):
    servers = imported(
        tmp_path,
        f"[web]\nsec1 {LOCAL}\n[web:vars]\napi_token=s3cret-of-group\n",
        group_vars__all="db_password: s3cret-of-file\n",
    )
    said = "{{ api_token | length }} {{ db_password | length }} {{ api_token }} {{ db_password }}"
    (job,) = run_here(make.playbook(play(said)), *servers.values())
    assert "15 14 ******** ********" in text_of(job)
    assert "s3cret" not in text_of(job)
