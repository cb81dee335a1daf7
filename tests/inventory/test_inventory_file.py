"""A run's inventory, as the real ansible-inventory and ansible-playbook read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from inventory.ansible.credential_variables import Logins
from inventory.ansible.inventory_file import build_inventory, known_hosts, write_inventory
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.on_either]

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.environ.get("HOME", "/"),
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
}


def ansible(program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def structure(folder: Path, targets: list, neighbours: list) -> dict:
    return build_inventory(targets, neighbours, Logins(folder, targets, None))


def read_by_ansible(script: Path) -> dict:
    done = ansible("ansible-inventory", "-i", str(script), "--list", folder=script.parent)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A path that would break careless shell quoting."""
    path = tmp_path / "it's a $(run) folder"
    path.mkdir(mode=0o700)
    return path


def ten_odd_servers() -> list:
    rows = [
        {"tags": {"role": "web", "rack": 7, "canary": True, "old": False}},
        {"tags": {"groups": ["web-servers", "eu.west", "web servers!", "2024"]}},
        {"tags": {"groups": "single", "zone": ["a", "b"], "größe": "groß"}},
        {"tags": {"groups": ["all", "ungrouped", "_meta", "localhost", "", "odd6"]}},
        {"hostname": "odd5", "ip_address": "2001:db8::5", "ssh_port": 2222},
        {"hostname": "odd6", "environment": "odd5"},
        {"variables": {"motd": "où? 🚀 \"'`$(id)\\", "lines": "a\nb\n"}},
        {"variables": {"path": "/srv/{{ inventory_hostname }}", "nested": {"a": [1, None, 2.5]}}},
        {"variables": {"raw": {"__ansible_unsafe": "{{ not_a_template }}"}}},
        {"environment": "us east-1", "ssh_user": "deploy"},
    ]
    return [make.server(**{"hostname": f"odd{n}", **row}) for n, row in enumerate(rows, 1)]


def test_ansible_reads_what_was_written(folder):
    servers = ten_odd_servers()
    read = read_by_ansible(write_inventory(folder, servers))
    hosts = read["_meta"]["hostvars"]
    assert set(hosts) == {server.hostname for server in servers}
    for server in servers:
        variables = hosts[server.hostname]
        assert variables["ansible_host"] == server.ip_address
        assert variables["ansible_port"] == server.ssh_port
        assert variables["infraops_environment"] == server.environment
        assert {name: variables[name] for name in server.variables} == server.variables
    assert hosts["odd10"]["ansible_user"] == "deploy"


def test_tags_and_separate_environments_are_groups(folder):
    make.separate_environments()
    read = read_by_ansible(write_inventory(folder, ten_odd_servers()))
    members = {name: entry.get("hosts", []) for name, entry in read.items() if name != "_meta"}
    assert members["role_web"] == members["rack_7"] == members["canary"] == ["odd1"]
    assert members["web-servers"] == members["eu.west"] == members["web_servers_"] == ["odd2"]
    assert members["2024"] == ["odd2"]
    assert members["single"] == members["zone_a"] == members["zone_b"] == ["odd3"]
    assert members["größe_groß"] == ["odd3"]
    assert members["us_east_1"] == ["odd10"]
    assert "old" not in members


def test_no_group_is_called_like_a_host_or_a_word_of_ansibles(folder):
    read = read_by_ansible(write_inventory(folder, ten_odd_servers()))
    assert not {"odd5", "odd6", "localhost", ""} & set(read)
    limited = ansible(
        *("ansible", "-i", str(folder / "hosts"), "all", "--limit", "odd5", "--list-hosts"),
        folder=folder,
    )
    assert limited.stdout.split() == ["hosts", "(1):", "odd5"]


def test_a_group_is_named_once(tmp_path):
    make.separate_environments()
    server = make.server(tags={"groups": ["web", "web", "development"]}, environment="development")
    assert server.groups() == ["development", "web"]
    assert structure(tmp_path, [server], [])["web"] == {"hosts": [server.hostname]}


def test_neighbours_come_without_credentials(folder, settings):
    secrets = {
        "ansible_password": "hunter2",
        "ansible_become_password": "hunter2",
        "ansible_become_pass": "hunter2",
        "ansible_ssh_pass": "hunter2",
        "ansible_ssh_private_key_file": "/keys/hunter2",
        "ansible_ssh_passphrase": "hunter2",
        "vaulted": {"__ansible_vault": "hunter2"},
        "api_token": "t0ken",
        "app": {"name": "shop", "db": {"password": 12345, "port": 5432}},
        "accounts": [{"name": "a", "secret": "b"}],
    }
    target = make.server(variables={"ansible_become_password": "own"}, ssh_key_path="id_own")
    neighbour = make.server(variables=secrets, ssh_key_path="id_other", ssh_user="root")
    neighbour.refresh_from_db()
    assert "t0ken" not in str(neighbour.variables)
    write_inventory(folder, [target], [neighbour])
    assert "hunter2" not in (folder / "hosts.json").read_text()
    assert "id_other" not in (folder / "hosts.json").read_text()
    hostvars = structure(folder, [target], [neighbour])["_meta"]["hostvars"]
    own = hostvars[target.hostname]
    assert own["ansible_become_password"] == "own"
    assert own["ansible_ssh_private_key_file"] == f"{Path(settings.SSH_KEY_ROOT).resolve()}/id_own"
    other = hostvars[neighbour.hostname]
    assert {name: other[name] for name in ("api_token", "app", "accounts")} == {
        name: secrets[name] for name in ("api_token", "app", "accounts")
    }
    assert other["ansible_user"] == "root"


def test_a_delegated_task_goes_with_the_runs_own_key(tmp_path):
    neighbour = make.server()
    one, same = make.server(ssh_key_path="id_a"), make.server(ssh_key_path="id_a")
    key = str(one.key_file())
    assert structure(tmp_path, [one, same], [neighbour])["all"]["vars"] == {
        "infraops_environment": one.environment,
        "ansible_ssh_private_key_file": key,
    }
    other = make.server(ssh_key_path="id_b")
    assert structure(tmp_path, [one, other], [neighbour])["all"]["vars"] == {
        "infraops_environment": one.environment
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_files_are_private_whatever_the_umask(folder, umask):
    before = os.umask(umask)
    try:
        write_inventory(folder, [make.server()])
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"hosts": 0o700, "hosts.json": 0o600, "known_hosts": 0o600}


def test_a_file_that_is_there_already_is_not_written_to(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (folder / "hosts.json").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        write_inventory(folder, [make.server()])
    assert elsewhere.read_text() == "mine"


def test_pinned_keys_are_known_by_address_and_port():
    key = "ssh-ed25519 AAAAC3Nza"
    six = make.server(ip_address="2001:db8::1", host_key=f"{key}\n\n{key}2\n")
    odd = make.server(ip_address="2001:db8::2", ssh_port=2222, host_key=key)
    four = make.server(ip_address="192.0.2.9", ssh_port=2222, host_key=key)
    assert known_hosts([six, odd, four, make.server()]) == (
        f"2001:db8::1 {key}\n2001:db8::1 {key}2\n[2001:db8::2]:2222 {key}\n[192.0.2.9]:2222 {key}\n"
    )


PLAY = """
- hosts: role_web
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that:
          - groups['web-servers'] | sort == ['db', 'web']
          - hostvars['db']['greeting'] == 'hello from db'
          - hostvars['db']['infraops_environment'] == 'staging'
          - "'ansible_become_password' not in hostvars['db']"
          - hostvars['db']['password'] == 'hunter2'
          - greeting == "hello from web"
          - raw == '{' ~ '{ 1 + 1 }' ~ '}'
          - motd == 'où? 🚀'
    - ansible.builtin.command: echo delegated
      delegate_to: db
      changed_when: false
      register: said
    - ansible.builtin.debug:
        msg: "{{ said.stdout }} by {{ inventory_hostname }}"
"""


@pytest.mark.slow
def test_a_play_uses_groups_hostvars_and_delegation(folder):
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "greeting": "hello from {{ inventory_hostname }}",
    }
    shared = {"environment": "staging", "ip_address": "127.0.0.1"}
    web = make.server(
        hostname="web",
        tags={"role": "web", "groups": ["web-servers"]},
        variables={**local, "raw": {"__ansible_unsafe": "{{ 1 + 1 }}"}, "motd": "où? 🚀"},
        **shared,
    )
    db = make.server(
        hostname="db",
        tags={"role": "web", "groups": ["web-servers"]},
        variables={**local, "password": "hunter2", "ansible_become_password": "hunter2"},
        **shared,
    )
    script = write_inventory(folder, [web], [db])
    playbook = Path(settings.PLAYBOOK_ROOT) / "play.yml"
    playbook.write_text(PLAY)
    arguments = ("-i", str(script), "--limit", "web", str(playbook))
    done = ansible("ansible-playbook", *arguments, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "delegated by web" in done.stdout
    assert "ok=3" in done.stdout
    assert "hunter2" not in done.stdout
