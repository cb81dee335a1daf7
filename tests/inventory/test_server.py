"""Servers: what a row may contain, and what it can tell."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.models import AuditLog
from inventory.models import Server, group_name
from tests import make

pytestmark = pytest.mark.django_db


def server(**fields) -> Server:
    return Server(**{"hostname": "web1", "ip_address": "192.0.2.1", **fields})


def cleaned(**fields) -> Server:
    row = server(**fields)
    row.full_clean()
    return row


@pytest.mark.parametrize(
    "fields",
    [
        {"hostname": "web_1.example-site.com"},
        {"hostname": "192.0.2.1"},
        {"ip_address": "2001:db8::1"},
        {"ssh_port": 1},
        {"ssh_port": 65535},
        {"tags": {"role": "web", "groups": ["a", "b"], "canary": True, "rack": 7}},
        {"variables": {"a": {"b": [1, None]}, "_c": "{{ a }}"}},
        {"ssh_key_path": "id_ed25519"},
        {"ssh_key_path": "deploy/id_ed25519"},
        {"host_key": "ssh-ed25519 AAAAC3Nza/+a==\n\nssh-rsa AAAA comment"},
        {"host_key": "ecdsa-sha2-nistp256 AAAA"},
        {"host_key": "sk-ssh-ed25519@openssh.com AAAA"},
    ],
)
def test_this_is_accepted(fields):
    cleaned(**fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", ""),
        ("hostname", "web 1"),
        ("hostname", "web1:22"),
        ("hostname", "web*"),
        ("hostname", "-web"),
        ("hostname", "web..example.com"),
        ("hostname", "web1\nweb2"),
        ("hostname", "a" * 64),
        ("hostname", "x." * 130 + "x"),
        ("hostname", "all"),
        ("hostname", "Ungrouped"),
        ("ip_address", "web1"),
        ("ip_address", "192.0.2.256"),
        ("ssh_port", 0),
        ("ssh_port", 65536),
        ("ssh_port", "ssh"),
        ("tags", ["web"]),
        ("tags", {"a": {"b": 1}}),
        ("tags", {"a": None}),
        ("variables", "a=b"),
        ("variables", {"a-b": 1}),
        ("variables", {"a\n": 1}),
        ("variables", {"1a": 1}),
        ("variables", {"ansible_host": "192.0.2.2"}),
        ("variables", {"ansible_ssh_private_key_file": "/etc/passwd"}),
        ("ssh_key_path", "/etc/passwd"),
        ("ssh_key_path", "../id"),
        ("ssh_key_path", "a/../../id"),
        ("ssh_key_path", "."),
        ("ssh_key_path", "~nobody-of-that-name/id"),
        ("ssh_key_path", "a\0b"),
        ("host_key", "AAAAC3Nza"),
        ("host_key", "ssh-ed25519 AAAA\n192.0.2.9 ssh-ed25519 BBBB"),
    ],
)
def test_this_is_refused_at_its_field(field, value):
    with pytest.raises(ValidationError) as error:
        cleaned(**{field: value})
    assert set(error.value.message_dict) == {field}


def test_a_link_out_of_the_key_folder_is_refused(settings, tmp_path):
    (tmp_path / "outside").write_text("key")
    (Path(settings.SSH_KEY_ROOT) / "inside").symlink_to(tmp_path / "outside")
    with pytest.raises(ValidationError, match="is outside"):
        cleaned(ssh_key_path="inside")


def test_one_spelling_a_name():
    row = cleaned(
        hostname=" Web1.Example.COM ", environment="Production", ip_address="2001:DB8::0:1"
    )
    assert (row.hostname, row.environment) == ("web1.example.com", "production")
    assert row.inventory_name == "Web1.Example.COM"
    assert row.ip_address == "2001:db8::1"


def test_a_name_is_unique_whatever_its_capital_letters():
    make.server(hostname="web1")
    with pytest.raises(ValidationError):
        cleaned(hostname="WEB1")
    with pytest.raises(IntegrityError), transaction.atomic():
        server().save()


def test_neighbours_are_the_other_active_ones_of_the_inventory():
    target = make.server(environment="staging")
    near, far = make.server(environment="staging"), make.server(environment="production")
    make.server(environment="staging", is_active=False)
    make.server(environment="staging", inventory=make.inventory())
    assert set(Server.objects.neighbours_of([target])) == {near, far}
    assert set(Server.objects.in_environment("staging").active()) > {target, near}

    make.separate_environments()
    assert set(Server.objects.neighbours_of([target])) == {near}


def test_search_looks_at_name_address_and_description():
    by_name = make.server(hostname="needle1", ip_address="198.51.100.1")
    by_address = make.server(ip_address="203.0.113.77")
    by_text = make.server(description="a Needle in it")
    assert set(Server.objects.search("needle")) == {by_name, by_text}
    assert list(Server.objects.search("113.77")) == [by_address]


@pytest.mark.parametrize(
    ("text", "name"),
    [("us-east 1", "us_east_1"), ("9lives", "_9lives"), ("größe", "größe"), ("", ""), (7, "_7")],
)
def test_any_text_becomes_a_groups_name(text, name):
    assert group_name(text) == name


def test_a_server_is_created_changed_and_deleted_with_one_line_each():
    row = server(tags={"role": "web"})
    row.save()
    row.ssh_port = 2222
    row.save()
    row.save()
    row.delete()
    lines = list(AuditLog.objects.filter(resource_type="server").order_by("id"))
    assert [line.action for line in lines] == [
        "server.created",
        "server.updated",
        "server.deleted",
    ]
    assert lines[0].details["changes"]["hostname"] == [None, "web1"]
    assert lines[1].details["changes"] == {"ssh_port": [22, 2222]}
    assert lines[2].details["changes"]["hostname"] == ["web1", None]
    assert {line.object_name for line in lines} == {"web1"}
