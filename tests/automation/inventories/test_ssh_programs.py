"""ssh's configuration in a run: what it includes, and which servers it knows by an alias."""

import pytest

from inventory.ansible import ssh_programs
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Server
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(tmp_path, monkeypatch, settings):
    """The home of the worker's user, with the configuration that ssh reads by default."""
    settings.SSH_CONFIG = ""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home"


def written(tmp_path, *neighbours: Server, **fields) -> str:
    folder = tmp_path / "run %h"
    folder.mkdir(mode=0o700)
    write_inventory(folder, [make.server(**fields)], neighbours)
    return (folder / "ssh" / "config").read_text()


def test_by_default_it_is_what_ssh_reads_anyway(home, tmp_path):
    text = written(tmp_path, hostname="web1", ip_address="")
    assert text.startswith('Host *\nInclude "~/.ssh/config"\nInclude "/etc/ssh/ssh_config"\n')
    known = f'"{tmp_path}/run %%h/known_hosts"'
    assert f"Host *\n    UserKnownHostsFile {known} ~/.ssh/known_hosts" in text
    assert "HostKeyAlias" not in text


def test_names_that_it_may_change_are_known_by_an_alias(home, tmp_path):
    (home / ".ssh" / "config").write_text("Host bastion\n  hostname 192.0.2.1\n")
    bastion = make.server(hostname="bastion", ip_address="")
    shared = [
        make.server(variables={"ansible_host": "shared", "ansible_port": port}) for port in (1, 2)
    ]
    text = written(tmp_path, bastion, *shared, hostname="Web1", ip_address="")
    web1 = Server.objects.get(inventory_name="Web1")
    for server in (bastion, web1):
        alias = f"    HostKeyAlias infraops-server-{server.pk}\n"
        assert f"Host {server.inventory_name}\n{alias}" in text
    assert text.count("HostKeyAlias") == 2


def test_none_and_another_file(settings, tmp_path):
    settings.SSH_CONFIG = "none"
    assert "Include" not in written(tmp_path, hostname="web1")
    settings.SSH_CONFIG = "/srv/ssh config"
    assert ssh_programs.renamed([]) == {}
    (tmp_path / "other").mkdir()
    assert 'Include "/srv/ssh config"\n' in written(tmp_path / "other", hostname="web2")
