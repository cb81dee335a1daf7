"""A database from before there were inventories: what a run sees stays what it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from automation.models import Job, Run, VaultPassword
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Credential, Inventory, Server
from schema.sealing import seal
from tests import make

from .seeing import Ansible, differences

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BEFORE = [
    ("inventory", "0007_sealed_variables"),
    ("automation", "0014_undeclared_of_earlier_playbooks"),
]
SERVERS: dict[str, dict[str, Any]] = {
    "web1": {
        "environment": "production",
        "ip_address": "192.0.2.1",
        "tags": {"role": "web", "groups": ["eu", "web-servers"], "canary": True, "old": False},
        "variables": {"http_port": 80, "region": "eu", "db_password": "hunter2"},
    },
    "db1": {
        "environment": "production",
        "ip_address": "192.0.2.2",
        "ssh_port": 2222,
        "ssh_user": "dba",
        "tags": {"role": ["db", "web"], "rack": 7, "groups": ["eu"]},
        "variables": {"region": "eu", "ansible_become_password": "hunter3"},
    },
    "stage1": {
        "environment": "staging",
        "ip_address": "192.0.2.3",
        "tags": {"groups": ["eu", "web1"], "rack": 7},
        "variables": {"region": "eu"},
    },
    "old1": {"environment": "production", "ip_address": "192.0.2.4", "is_active": False},
    "plain": {"environment": "production", "ip_address": "192.0.2.5"},
}
# What the release before has written for a run on web1, but for ansible_port: 22, which is now left
# to Ansible.
SEEN: dict[str, Any] = {
    "all": {
        "hosts": ["web1", "db1", "plain"],
        "vars": {"infraops_environment": "production", "ansible_user": {"__ansible_unsafe": "ops"}},
    },
    "production": {"hosts": ["web1", "db1", "plain"]},
    "role_web": {"hosts": ["web1", "db1"]},
    "eu": {"hosts": ["web1", "db1"]},
    "web-servers": {"hosts": ["web1"]},
    "canary": {"hosts": ["web1"]},
    "role_db": {"hosts": ["db1"]},
    "rack_7": {"hosts": ["db1"]},
    "_meta": {
        "hostvars": {
            "web1": {
                "ansible_host": "192.0.2.1",
                "http_port": 80,
                "region": "eu",
                "db_password": "hunter2",
                "ansible_user": {"__ansible_unsafe": "ops"},
            },
            "db1": {
                "ansible_host": "192.0.2.2",
                "ansible_port": 2222,
                "ansible_user": "dba",
                "region": "eu",
            },
            "plain": {"ansible_host": "192.0.2.5"},
        }
    },
}


@pytest.fixture
def earlier() -> Iterator[Any]:
    """The models of then, in a database of then, with what a team has in it."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    apps = executor.loader.project_state(BEFORE).apps
    try:
        fill(apps)
        yield apps
    finally:
        migrate_to_today()


def migrate_to_today() -> None:
    latest = MigrationExecutor(connection)
    latest.migrate(latest.loader.graph.leaf_nodes())


def fill(apps: Any) -> None:
    models = {
        name: apps.get_model(app, name)
        for app, name in (
            *(("accounts", "User"), ("inventory", "Credential"), ("inventory", "Server")),
            *(("automation", "Playbook"), ("automation", "Run"), ("automation", "Job")),
        )
    }
    user = models["User"].objects.create(username="then", email="then@example.com", role="operator")
    credential = models["Credential"].objects.create(
        name="ops",
        ssh_user="ops",
        environments=["production"],
        roles=["operator"],
    )
    for name, fields in SERVERS.items():
        given = {key: sealed(value) for key, value in fields.get("variables", {}).items()}
        login = credential if name == "web1" else None
        row = {**fields, "variables": dict(given), "credential": login}
        models["Server"].objects.create(hostname=name, **row)
    playbook = models["Playbook"].objects.create(name="then", file_path="then.yml", file_hash="0")
    times = {"started_at": "2026-11-01T00:00Z", "finished_at": "2026-11-01T00:01Z"}
    run = models["Run"].objects.create(
        playbook=playbook,
        launched_by=user,
        playbook_hash="0",
        deadline_seconds=60,
        state="finished",
        outcome="success",
        **times,
    )
    for name in ("web1", "db1"):
        server = models["Server"].objects.get(hostname=name)
        models["Job"].objects.create(
            run=run,
            playbook=playbook,
            server=server,
            user=user,
            status="success",
            started_at=times["started_at"],
            completed_at=times["finished_at"],
        )


def sealed(value: Any) -> Any:
    return seal(value) if str(value).startswith("hunter") else value


def seen_before(folder: Path, ansible: Ansible) -> Any:
    folder.mkdir()
    data, script = folder / "hosts.json", folder / "hosts"
    data.write_text(json.dumps(SEEN))
    script.write_text(f"#!/bin/sh\nexec cat {data}\n")
    script.chmod(0o700)
    return ansible.see(script)


def seen_now(folder: Path, ansible: Ansible) -> Any:
    folder.mkdir(mode=0o700)
    targets = [Server.objects.named("web1")]
    script = write_inventory(folder, targets, Server.objects.neighbours_of(targets))
    return ansible.see(script)


def test_a_run_sees_what_it_saw(earlier, ansible, tmp_path):
    migrate_to_today()
    found = differences(
        seen_before(tmp_path / "then", ansible), seen_now(tmp_path / "now", ansible)
    )
    assert found == {}


def test_rows_keep_their_names_rights_and_history(earlier):
    migrate_to_today()
    default = Inventory.objects.default()
    assert default.separates_environments
    rows = Server.objects.order_by("pk")
    assert [(each.hostname, each.inventory_name, each.inventory) for each in rows] == [
        (name, name, default) for name in SERVERS
    ]
    assert [each.tags for each in rows] == [each.get("tags", {}) for each in SERVERS.values()]
    credential = Credential.objects.get()
    assert [each.hostname for each in rows if credential.covers(each)] == [
        name for name, fields in SERVERS.items() if fields["environment"] == "production"
    ]
    run = Run.objects.get()
    assert (run.state, run.outcome, run.jobs.count()) == ("finished", "success", 2)
    assert {job.server.hostname for job in Job.objects.all()} == {"web1", "db1"}


def test_it_can_go_back_and_forth_again(earlier, ansible, tmp_path):
    migrate_to_today()
    staging = make.inventory(name="staging")
    make.server(hostname="later", inventory=staging)
    VaultPassword.objects.create(inventory=staging, vault_id="default", password="hunter4")
    for app, name in reversed(BEFORE):
        call_command("migrate", app, name, verbosity=0)
    rows = earlier.get_model("inventory", "Server").objects.order_by("pk")
    assert [*rows.values_list("hostname", flat=True)] == [*SERVERS, "later@staging"]
    rows.filter(hostname="later@staging").delete()
    migrate_to_today()
    found = differences(
        seen_before(tmp_path / "then", ansible), seen_now(tmp_path / "now", ansible)
    )
    assert found == {}
