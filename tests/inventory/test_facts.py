"""Which gathered facts are stored, and what a server's row takes from them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditLog
from inventory import facts
from inventory.models import ServerFacts
from tests import make

NOW = timezone.now()
DEBIAN = {"ansible_distribution": "Debian", "ansible_distribution_version": "12.5"}


def test_secrets_and_environments_are_left_out():
    found = {
        "ansible_env": {"PATH": "/bin", "TOKEN": "hunter2"},
        "ansible_cmdline": {"password": "hunter2"},
        "ansible_local": {"app": {"db_password": "hunter2", "port": 5432}},
        "ansible_ssh_host_private_key": "hunter2",
        "ansible_mounts": [{"mount": "/", "api_key": "hunter2"}],
        **DEBIAN,
    }
    kept = facts.facts_to_keep(found)
    assert "hunter2" not in str(kept) and "PATH" not in str(kept)
    assert kept["ansible_local"] == {"app": {"port": 5432}}
    assert kept["ansible_mounts"] == [{"mount": "/"}]
    assert kept["ansible_distribution"] == "Debian"


def test_what_no_database_takes_is_made_fit():
    kept = facts.facts_to_keep({"a": float("nan"), "b": "x\x00y", "c": "\udc80", "d": 1.5})
    assert kept == {"a": None, "b": "xy", "c": "?", "d": 1.5}


def test_the_longest_facts_are_left_out_of_too_many_and_named():
    kept = facts.facts_to_keep({"huge": "x" * facts.MAX_CHARACTERS, **DEBIAN})
    assert kept == {**DEBIAN, facts.LEFT_OUT: ["huge"]}


@pytest.mark.django_db
def test_the_newest_facts_win():
    server = make.server()
    assert ServerFacts.objects.keep(server, {"n": 2}, NOW)
    assert not ServerFacts.objects.keep(server, {"n": 1}, NOW - timedelta(seconds=1))
    assert not ServerFacts.objects.keep(server, {"n": 2}, NOW)
    assert ServerFacts.objects.keep(server, {"n": 3}, NOW + timedelta(seconds=1))
    assert ServerFacts.objects.get().facts == {"n": 3}


@pytest.mark.django_db
def test_a_server_learns_its_system_once_and_that_is_recorded():
    server = make.server()
    for seconds in (0, 1):
        ServerFacts.objects.keep(server, DEBIAN, NOW + timedelta(seconds=seconds))
    server.refresh_from_db()
    assert (server.os_type, server.os_version) == ("Debian", "12.5")
    assert AuditLog.objects.about(server).filter(action="server.updated").count() == 1


@pytest.mark.django_db
def test_what_somebody_wrote_about_a_system_stays():
    server = make.server(os_type="Debian GNU/Linux")
    ServerFacts.objects.keep(server, DEBIAN, NOW)
    server.refresh_from_db()
    assert (server.os_type, server.os_version) == ("Debian GNU/Linux", "")


@pytest.mark.django_db
def test_facts_go_with_their_server():
    server = make.server_facts().server
    server.delete()
    assert not ServerFacts.objects.exists()


@pytest.mark.django_db
def test_the_api_shows_them(api_of, bob, query_ceiling):
    server = make.server_facts(ansible_distribution="Debian").server
    client = api_of(bob)
    with query_ceiling(4):  # session, user, server, facts
        shown = client.get(f"/api/servers/{server.pk}/facts").json()
    assert shown["server_id"] == server.pk
    assert shown["facts"] == {"ansible_distribution": "Debian"}
    assert shown["gathered_at"]


@pytest.mark.django_db
def test_the_api_says_when_there_are_none(api_of, bob):
    answer = api_of(bob).get(f"/api/servers/{make.server(hostname='new').pk}/facts")
    assert answer.status_code == 404
    assert "No run has gathered facts on new yet" in answer.content.decode()


@pytest.mark.django_db
def test_the_servers_page_shows_them(client_of, bob, boss):
    server = make.server_facts(ansible_distribution="Debian", ansible_x="<b>").server
    for who in (bob, boss):
        page = client_of(who).get(server.get_absolute_url()).content.decode()
        assert "Debian" in page and "Gathered" in page and "All 2 facts" in page
        assert "&lt;b&gt;" in page
    page = client_of(bob).get(make.server().get_absolute_url()).content.decode()
    assert "No facts yet." in page
