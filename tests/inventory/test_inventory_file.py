"""A run's inventory, as the real ansible-inventory and ansible-playbook read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from inventory.ansible.credential_variables import Logins
from inventory.ansible.inventory_file import (
    build_inventory,
    known_hosts,
    ssh_name_of,
    write_inventory,
)
from inventory.models import Server, ServerGroup
from schema.exceptions import Refused
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
        assert variables.get("ansible_port", 22) == server.ssh_port
        assert ("ansible_port" in variables) == (server.ssh_port != 22)
        assert "infraops_environment" not in variables
        assert {name: variables[name] for name in server.variables} == server.variables
    assert hosts["odd10"]["ansible_user"] == "deploy"


def test_groups_keep_their_nesting_order_variables_and_priority(folder):
    web = [make.server(hostname=name) for name in ("zo", "ao", "mo")]
    lone = make.server(hostname="lone")
    inner = make.group(
        "web.1-a", *web, variables={"tcp_port": 80, "db_password": "hunter2"}, priority=7
    )
    outer = make.group("Über alles", children=[inner], variables={"tcp_port": 1})
    make.group("standby", inventory=lone.inventory)
    make.group("all", variables={"ntp": "a"})
    read = read_by_ansible(write_inventory(folder, [*web, lone]))
    assert read["web.1-a"]["hosts"] == ["zo", "ao", "mo"]
    assert read[outer.name]["children"] == ["web.1-a"]
    assert read["ungrouped"]["hosts"] == ["lone"]
    found = read["_meta"]["hostvars"]
    assert (found["zo"]["tcp_port"], found["zo"]["ntp"], found["lone"]["ntp"]) == (80, "a", "a")
    assert found["zo"]["db_password"] == "hunter2" and "tcp_port" not in found["lone"]
    data = json.loads((folder / "hosts.json").read_text())
    assert data["all"]["hosts"] == ["zo", "ao", "mo", "lone"]
    assert data["web.1-a"]["vars"]["ansible_group_priority"] == 7
    assert data["standby"] == {"hosts": [], "children": [], "vars": {}}


def test_tags_make_no_group_and_environments_only_where_they_are_separate(folder):
    servers = [make.server(tags={"role": "web", "groups": ["db"]}, environment="us east-1")]
    read = structure(folder, servers, [])
    assert read.keys() == {"all", "_meta"}
    make.separate_environments()
    servers = list(Server.objects.all())
    read = structure(folder, servers, [])
    assert read["us_east_1"] == {"hosts": [servers[0].inventory_name]}
    host = read["_meta"]["hostvars"][servers[0].inventory_name]
    assert host["infraops_environment"] == "us east-1"


def test_a_group_of_an_environments_name_means_its_own_hosts_only(folder):
    make.separate_environments()
    one, other = make.server(environment="staging"), make.server(environment="staging")
    make.group("staging", one)
    read = structure(folder, [one, other], [])
    assert read["staging"]["hosts"] == [one.inventory_name]


def test_a_limit_to_a_host_is_not_its_group(folder):
    """Ansible takes a name for the host, if there is one; a group of that name is not meant."""
    db, web = make.server(hostname="db"), make.server(hostname="web")
    make.group("db", db, web)
    script = write_inventory(folder, [db, web])
    limited = ansible(
        "ansible", "-i", str(script), "all", "-l", "db", "--list-hosts", folder=folder
    )
    assert limited.stdout.split() == ["hosts", "(1):", "db"]


def test_no_environments_group_is_called_like_a_host(folder):
    make.separate_environments()
    make.server(hostname="odd5")
    rows = [*Server.objects.all(), make.server(environment="odd5")]
    rows.append(make.server(environment="all"))
    assert structure(folder, rows, []).keys() == {"all", "development", "_meta"}


def test_files_beside_the_inventory_lie_beside_it(folder):
    server, neighbour = make.server(hostname="web1"), make.server(hostname="web2")
    files = [
        {"path": "group_vars/web/10.yml", "variables": {"a": 1, "db_password": "hunter2"}},
        {"path": "group_vars/web/vault.yml", "vaulted": "$ANSIBLE_VAULT;1.1;AES256\n31\n"},
    ]
    make.group("web", server, neighbour, variable_files=files, variables={"a": 0})
    big = {"size": {"$integer": str(2**70)}, "ansible_password": "secret"}
    for each in (server, neighbour):
        path = f"host_vars/{each.inventory_name}"
        type(each).objects.filter(pk=each.pk).update(
            variable_files=[{"path": path, "variables": big}]
        )
    rows = list(Server.objects.order_by("pk"))
    write_inventory(folder, rows[:1], rows[1:])
    beside = json.loads((folder / "group_vars/web/10.yml").read_text())
    assert beside == {"a": 1, "db_password": "hunter2"}
    assert (folder / "group_vars/web/vault.yml").read_text() == files[1]["vaulted"]
    target = json.loads((folder / "host_vars/web1").read_text())
    assert target == {"size": 2**70, "ansible_password": "secret"}
    assert json.loads((folder / "host_vars/web2").read_text()) == {"size": 2**70}
    assert "hunter2" not in str(ServerGroup.objects.get().variable_files)
    assert (folder / "group_vars/web/10.yml").stat().st_mode & 0o777 == 0o600


def test_a_credential_wins_over_every_name_that_a_group_uses(folder):
    credential = make.credential(ssh_user="ops", ssh_password="a", become_password="b")
    server = make.server(credential=credential, host_key=make.HOST_KEY)
    neighbour = make.server(environment="elsewhere")
    names = {
        "ansible_ssh_user": "root",
        "ansible_ssh_pass": "old",
        "ansible_become_pass": "old",
        "ansible_become_user": "app",
    }
    make.group("web", server, neighbour, variables=names)
    hostvars = structure(folder, [server], [neighbour])["_meta"]["hostvars"]
    own = hostvars[server.inventory_name]
    assert {name: own[name]["__ansible_unsafe"] for name in list(names)[:3]} == {
        "ansible_ssh_user": "ops",
        "ansible_ssh_pass": "a",
        "ansible_become_pass": "b",
    }
    assert "ansible_become_user" not in own
    # Passwords of a group are for targets.
    other = hostvars[neighbour.inventory_name]
    assert (other["ansible_ssh_pass"], other["ansible_become_pass"]) == ("", "")


def test_a_connection_of_a_group_counts(alice):
    """A password is sent over SSH only, also where a group says how a server is reached."""
    credential = make.credential(ssh_password="a")
    server = make.server(credential=credential, host_key=make.HOST_KEY)
    assert server.is_reached_by_ssh
    make.group("windows", server, variables={"ansible_connection": "winrm"})
    server = Server.objects.get(pk=server.pk)
    assert not server.is_reached_by_ssh
    with pytest.raises(Refused, match="sent over SSH only"):
        credential.refuse_misuse([server], alice)


SPELLED = {
    "ansible_ssh_pass": "hunter2",
    "ansible_sudo_pass": "hunter2",
    "ansible_winrm_password": "hunter2",
    "ansible_ssh_private_key": "hunter2",
    "ansible_doas_pass": "hunter2",
}


def test_passwords_of_a_group_are_there_for_targets_in_it_only(folder, tmp_path):
    """Whatever plugin they are for, and in its files too."""
    inside, outside, neighbour = (make.server(hostname=name) for name in ("in", "out", "other"))
    files = [{"path": "group_vars/web.yml", "variables": SPELLED | {"db_password": "kept"}}]
    make.group("web", inside, neighbour, variables=SPELLED, variable_files=files)
    write_inventory(folder, [inside], [outside, neighbour])
    written = json.loads((folder / "hosts.json").read_text())
    assert written["web"]["vars"] == SPELLED
    hostvars = written["_meta"]["hostvars"]
    assert {name: hostvars["other"][name] for name in SPELLED} == dict.fromkeys(SPELLED, "")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_inventory(elsewhere, [outside], [inside, neighbour])
    text = "".join(path.read_text() for path in elsewhere.rglob("*") if path.is_file())
    assert "hunter2" not in text
    assert json.loads((elsewhere / "group_vars/web.yml").read_text()) == {"db_password": "kept"}


def test_a_credential_wins_over_files_of_the_host_too(folder):
    credential = make.credential(ssh_user="ops", ssh_password="a")
    server = make.server(hostname="web1", credential=credential, host_key=make.HOST_KEY)
    given = {"ansible_user": "root", "ansible_ssh_pass": "old", "ansible_ssh_executable": "x"}
    files = [{"path": "host_vars/web1", "variables": {**given, "port": 1}}]
    Server.objects.update(variable_files=files)
    write_inventory(folder, [Server.objects.get(pk=server.pk)])
    assert json.loads((folder / "host_vars/web1").read_text()) == {"port": 1}


def test_addresses_come_from_groups_and_files_too():
    server = make.server(hostname="web1", ip_address="")
    group = make.group("web", server, variables={"ansible_host": "192.0.2.7", "ansible_port": 23})
    assert ssh_name_of(Server.objects.get()) == "[192.0.2.7]:23"
    group.variables = {"ansible_host": "{{ inventory_hostname }}.example.com"}
    group.save()
    assert ssh_name_of(Server.objects.get()) == "web1.example.com"
    group.variables = {"ansible_host": "{{ elsewhere }}"}
    group.save()
    assert ssh_name_of(Server.objects.get()) == ""
    files = [{"path": "host_vars/web1", "variables": {"ansible_ssh_host": "[2001:db8::5]"}}]
    Server.objects.update(variable_files=files)
    assert ssh_name_of(Server.objects.get()) == "2001:db8::5"


def test_neighbours_come_without_credentials(folder, settings):
    secrets = {
        "ansible_password": "hunter2",
        "ansible_become_password": "hunter2",
        "ansible_become_pass": "hunter2",
        "ansible_ssh_pass": "hunter2",
        "ansible_ssh_private_key_file": "/keys/hunter2",
        "ansible_ssh_passphrase": "hunter2",
        "vaulted": {"__ansible_vault": "$ANSIBLE_VAULT;1.1"},
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
    assert other["vaulted"] == secrets["vaulted"]


def test_a_delegated_task_goes_with_the_runs_own_key(tmp_path):
    neighbour = make.server()
    one, same = make.server(ssh_key_path="id_a"), make.server(ssh_key_path="id_a")
    key = str(one.key_file())
    assert structure(tmp_path, [one, same], [neighbour])["all"]["vars"] == {
        "ansible_ssh_private_key_file": key,
    }
    other = make.server(ssh_key_path="id_b")
    assert structure(tmp_path, [one, other], [neighbour])["all"]["vars"] == {}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_files_are_private_whatever_the_umask(folder, umask):
    before = os.umask(umask)
    try:
        write_inventory(folder, [make.server()])
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"hosts": 0o700, "hosts.json": 0o600, "known_hosts": 0o600, "ssh": 0o700}
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder / "ssh").iterdir()}
    assert modes == {"config": 0o600, **dict.fromkeys(("ssh", "scp", "sftp"), 0o700)}


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
        variables={**local, "raw": {"__ansible_unsafe": "{{ 1 + 1 }}"}, "motd": "où? 🚀"},
        **shared,
    )
    db = make.server(
        hostname="db",
        variables={**local, "password": "hunter2", "ansible_become_password": "hunter2"},
        **shared,
    )
    make.group("role_web", children=[make.group("web-servers", web, db)])
    make.separate_environments()
    web, db = Server.objects.order_by("-hostname")
    script = write_inventory(folder, [web], [db])
    playbook = Path(settings.PLAYBOOK_ROOT) / "play.yml"
    playbook.write_text(PLAY)
    arguments = ("-i", str(script), "--limit", "web", str(playbook))
    done = ansible("ansible-playbook", *arguments, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "delegated by web" in done.stdout
    assert "ok=3" in done.stdout
    assert "hunter2" not in done.stdout
