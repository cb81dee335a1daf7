"""“Fetch host key”: the keys that a server presents, to be compared and pinned."""

import socket
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.models import AuditLog
from inventory import host_key_scan
from inventory.ssh_keys import fingerprint
from schema.exceptions import Refused
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db


def url(verb: str, server) -> str:
    return reverse(f"inventory:server_{verb}_host_key", args=[server.pk])


@pytest.fixture
def server(sshd):
    return make.server(hostname="db1", ip_address="127.0.0.1", ssh_port=sshd.port)


@pytest.fixture
def web_server() -> Iterator[int]:
    """A port on which something other than SSH answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            try:
                while True:
                    with listening.accept()[0] as connection:
                        connection.sendall(b"220 mail.example.com ESMTP\r\n")
            except OSError:
                return

        threading.Thread(target=greet, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_the_page_shows_the_fingerprint_and_pins_nothing(sshd, server, client_of, boss):
    client = client_of(boss)
    with recorded() as lines:
        page = client.post(url("fetch", server)).content.decode()
    assert fingerprint(sshd.host_key) in page
    assert f'name="host_key" value="{sshd.host_key}"' in page
    assert "Nothing has been pinned yet" in page
    server.refresh_from_db()
    assert server.host_key == ""
    assert lines == ["server.host_key_fetched by boss"]


def test_the_button_pins_exactly_the_key_that_was_shown(sshd, server, client_of, boss):
    client = client_of(boss)
    with recorded() as lines:
        answer = client.post(url("pin", server), {"host_key": sshd.host_key}, follow=True)
    assert f"Pinned {fingerprint(sshd.host_key)}" in answer.content.decode()
    server.refresh_from_db()
    assert server.host_key == sshd.host_key
    assert lines == ["server.host_key_pinned by boss"]
    line = AuditLog.objects.about(server).first()
    assert line.details["fingerprint"] == fingerprint(sshd.host_key)
    assert "replaced" not in line.details


def test_with_a_pinned_key_the_page_says_whether_it_is_the_same(sshd, server, client_of, boss):
    server.pin_host_key(boss, sshd.host_key)
    client = client_of(boss)
    assert "The pinned key is one of them" in client.post(url("fetch", server)).content.decode()
    server.pin_host_key(boss, make.HOST_KEY)
    page = client.post(url("fetch", server)).content.decode()
    assert "None of them is the pinned key" in page
    assert "Pin this key instead" in page
    assert AuditLog.objects.filter(action="server.host_key_pinned").count() == 2
    replaced = AuditLog.objects.filter(action="server.host_key_pinned").order_by("-id")[0]
    assert replaced.details["replaced"] == sshd.host_key


def test_pinning_the_pinned_one_again_changes_nothing(boss):
    server = make.server(host_key=f"{make.HOST_KEY} a comment")
    with recorded() as lines:
        assert not server.pin_host_key(boss, f" {make.HOST_KEY}  another comment ")
    assert lines == []


@pytest.mark.parametrize("text", ["", "AAAA", "ssh-ed25519 !", "ssh-rsa", "-oProxyCommand=id x"])
def test_what_is_no_key_is_not_pinned(client_of, api_of, boss, text):
    server = make.server()
    client_of(boss).post(url("pin", server), {"host_key": text})
    answer = api_of(boss).post(f"/api/servers/{server.pk}/pin-host-key", {"host_key": text})
    assert answer.status_code == 400, answer.json()
    with pytest.raises(ValidationError):
        server.pin_host_key(boss, text)
    server.refresh_from_db()
    assert server.host_key == ""


def test_only_an_admin_fetches_and_pins(sshd, server, alice):
    with pytest.raises(PermissionDenied):
        server.fetch_host_keys(alice)
    with pytest.raises(PermissionDenied):
        server.pin_host_key(alice, sshd.host_key)


def test_nobody_there_is_said_in_plain_words(client_of, boss):
    server = make.server(ip_address="127.0.0.1", ssh_port=1)
    page = client_of(boss).post(url("fetch", server), follow=True).content.decode()
    assert "127.0.0.1 port 1 refuses connections" in page


def test_what_is_no_ssh_server_is_told_from_one(boss, web_server):
    server = make.server(ip_address="127.0.0.1", ssh_port=web_server)
    with pytest.raises(Refused, match="is not an SSH server"):
        server.fetch_host_keys(boss)


def test_silence_ends_at_the_deadline(boss, monkeypatch):
    monkeypatch.setattr(host_key_scan, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = make.server(ip_address="127.0.0.1", ssh_port=silent.getsockname()[1])
        with pytest.raises(Refused, match="No answer from"):
            server.fetch_host_keys(boss)


def test_without_the_program_the_console_says_what_to_install(boss, monkeypatch):
    monkeypatch.setattr(host_key_scan.shutil, "which", lambda name: None)
    with pytest.raises(Refused, match="openssh-client"):
        make.server().fetch_host_keys(boss)


def test_the_api_fetches_and_pins(sshd, server, api_of, boss):
    client = api_of(boss)
    path = f"/api/servers/{server.pk}"
    (found,) = client.post(f"{path}/fetch-host-key").json()
    assert found == {
        "host_key": sshd.host_key,
        "fingerprint": fingerprint(sshd.host_key),
        "is_pinned": False,
    }
    pinned = client.post(f"{path}/pin-host-key", {"host_key": found["host_key"]})
    assert pinned.json()["host_key"] == sshd.host_key
    assert client.post(f"{path}/fetch-host-key").json()[0]["is_pinned"]
    off = make.server(ip_address="127.0.0.1", ssh_port=1)
    assert client.post(f"/api/servers/{off.pk}/fetch-host-key").status_code == 409


def test_the_command_shows_and_pins_by_the_fingerprint(sshd, server, boss):
    def said(*arguments: str) -> str:
        output = StringIO()
        call_command("fetch_host_key", "DB1", *arguments, stdout=output)
        return output.getvalue()

    shown = fingerprint(sshd.host_key)
    assert said() == f"{shown}\n"
    with pytest.raises(CommandError, match="no key with the fingerprint"):
        said("--pin", fingerprint(make.HOST_KEY).split()[-1])
    server.refresh_from_db()
    assert server.host_key == ""
    assert said("--pin", shown.split()[-1]) == f"{shown}\nPinned.\n"
    server.refresh_from_db()
    assert server.host_key == sshd.host_key
    assert said() == f"{shown} (pinned)\n"
    with pytest.raises(CommandError, match="There is no server"):
        call_command("fetch_host_key", "db2")


def test_the_servers_page_says_why_no_password_is_sent(client_of, boss):
    credential = make.credential(name="prod", ssh_password="hunter2", environments=["production"])
    server = make.server(credential=credential)
    page = client_of(boss).get(server.get_absolute_url()).content.decode()
    assert "No password is sent to this server until a key is pinned" in page
    assert "The credential prod may not be used here" in page
    assert "Fetch host key" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hostname": "nowhere.invalid"}, "cannot resolve the name nowhere.invalid"),
        ({"variables": {"ansible_host": "{{ site }}"}}, "is a template, which only a run fills in"),
        ({"variables": {"ansible_connection": "local"}}, "(ansible_connection: local)"),
        (
            {"variables": {"ansible_connection": {"__ansible_unsafe": "winrm"}}},
            "(ansible_connection: winrm)",
        ),
    ],
)
def test_without_an_address_or_ssh_it_says_why_there_is_no_key(client_of, boss, fields, said):
    server = make.server(ip_address="", **fields)
    page = client_of(boss).post(url("fetch", server), follow=True).content.decode()
    assert said in page
    server.refresh_from_db()
    assert server.host_key == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hostname": "db-alias"}, "db-alias"),
        ({"hostname": "[::1]", "ssh_port": 2222}, "::1 port 2222"),
        ({"ip_address": "192.0.2.7"}, "192.0.2.7"),
        ({"variables": {"ansible_host": "{{ site }}"}}, "Set by a template"),
        ({"variables": {"ansible_host": {"__ansible_unsafe": "192.0.2.8"}}}, "192.0.2.8"),
        ({"variables": {"ansible_connection": "local"}}, "The worker itself"),
    ],
)
def test_the_page_says_where_ansible_connects_to(client_of, bob, fields, said):
    server = make.server(**{"ip_address": "", **fields})
    page = client_of(bob).get(server.get_absolute_url()).content.decode()
    assert f"<dt>Address</dt><dd>{said}</dd>" in page
