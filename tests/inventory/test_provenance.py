"""The variables on a server's page are those of a run's inventory."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from inventory.ansible import ssh_programs
from inventory.ansible.credential_variables import Logins
from inventory.ansible.inventory_file import build_inventory
from inventory.ansible.provenance import IN_A_RUN, ONLY_PINNED, groups_of, list_variables
from tests import make

pytestmark = pytest.mark.django_db


def private_key():
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def rendered(server, folder):
    """(variables, groups) of the server in the inventory of a run on it alone."""
    inventory = build_inventory([server], [], Logins(folder, [server], None))
    variables = inventory["all"]["vars"] | inventory["_meta"]["hostvars"][server.hostname]
    plain = {
        name: value["__ansible_unsafe"] if isinstance(value, dict) else value
        for name, value in variables.items()
    }
    return plain, [name for name in inventory if name not in ("all", "_meta")]


SERVERS = {
    "bare": {},
    "columns": {"ssh_port": 2222, "ssh_user": "deploy"},
    "key file": {"ssh_key_path": "id_web"},
    "own variables": {"variables": {"ansible_user": "root", "ansible_port": 23, "http_port": 8080}},
    "own secrets": {"variables": {"ansible_password": "a", "ansible_become_pass": "b"}},
}
CREDENTIALS = {
    "none": None,
    "password": {"ssh_user": "ops", "ssh_password": "hunter2"},
    "key": {"ssh_private_key": "KEY", "become_password": "hunter2"},
    "user alone": {"ssh_user": "ops", "become_method": "sudo", "become_user": "root"},
}


@pytest.mark.parametrize("login", CREDENTIALS)
@pytest.mark.parametrize("kind", SERVERS)
def test_every_variable_of_the_inventory_is_told_with_its_value(kind, login, tmp_path):
    given = dict(CREDENTIALS[login] or {})
    if given.get("ssh_private_key"):
        given["ssh_private_key"] = private_key()
    credential = make.credential(**given) if given else None
    server = make.server(credential=credential, **SERVERS[kind])

    told = {variable.name: variable.value for variable in list_variables(server)}
    variables, groups = rendered(server, tmp_path)

    assert told.keys() == variables.keys()
    hidden = {name for name, value in told.items() if value in ("********", IN_A_RUN, ONLY_PINNED)}
    assert {n: v for n, v in told.items() if n not in hidden} == {
        name: value for name, value in variables.items() if name not in hidden
    }
    secret = {"ansible_password", "ansible_become_password", "ansible_become_pass"}
    assert hidden <= secret | {"ansible_ssh_private_key_file", *ssh_programs.VARIABLES}
    assert sorted(group.name for group in groups_of(server) if not group.left_out) == sorted(groups)


def test_each_one_says_where_it_comes_from_and_what_it_wins_over():
    credential = make.credential(name="Night shift", ssh_user="ops")
    server = make.server(
        credential=credential, ssh_user="deploy", variables={"ansible_port": 23, "rack": 4}
    )
    told = {
        variable.name: (variable.source, variable.wins_over) for variable in list_variables(server)
    }
    assert told == {
        "ansible_host": ("IP address", ""),
        "ansible_port": ("Variables of the server", ""),
        "ansible_user": ("Credential Night shift", "SSH user"),
        "rack": ("Variables of the server", ""),
    }


def test_no_secret_is_told():
    credential = make.credential(ssh_password="hunter2", become_password="hunter3")
    server = make.server(credential=credential, variables={"db_password": "hunter4"})
    assert "hunter" not in str(list_variables(server))


def test_groups_are_told_with_how_the_server_is_in_them():
    make.separate_environments()
    server = make.server(environment="production")
    inner = make.group("web", server)
    make.group("eu", children=[inner])
    found = [(group.name, group.source) for group in groups_of(server)]
    assert found == [("web", "Member"), ("eu", "Contains web"), ("production", "Environment")]


def test_variables_of_groups_and_files_come_in_ansibles_order():
    files = [{"path": "group_vars/web.yml", "variables": {"b": "file"}}]
    server = make.server(variables={"d": "own"})
    inner = make.group(
        "web", server, variables=dict.fromkeys("abcd", "inner"), variable_files=files
    )
    make.group("eu", children=[inner], variables={"a": "outer", "e": "outer"})
    make.group("all", variables={"e": "all", "f": {"$integer": str(2**70)}})
    told = {
        variable.name: (variable.value, variable.source, variable.wins_over)
        for variable in list_variables(server)
    }
    assert {name: told[name] for name in "abcdef"} == {
        "a": ("inner", "Group web", "Group eu"),
        "b": ("file", "group_vars/web.yml", "Group web"),
        "c": ("inner", "Group web", ""),
        "d": ("own", "Variables of the server", "Group web"),
        "e": ("outer", "Group eu", "Group all"),
        "f": (2**70, "Group all", ""),
    }
