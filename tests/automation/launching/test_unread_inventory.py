"""A launch says that its inventory has changed on disk and was not read yet."""

import os

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from inventory.importing.digests import digest_of_files
from inventory.models import InventorySource
from inventory.syncing.unread import glance_at
from tests import make
from tests.automation.views.test_views_launch import filled

pytestmark = [pytest.mark.django_db, pytest.mark.on_either]

UNREAD = "changed on disk"


@pytest.fixture
def source(db) -> InventorySource:
    """Synced a while ago, and changed since."""
    row = make.source("web1\n", name="Estate", synced_at=timezone.now(), state="synced")
    InventorySource.objects.update(seen_glance=glance_at(row), digest=digest_of_files(row))
    path = row.located()
    path.write_text("web1\nweb2\n")
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))
    row.refresh_from_db()
    return row


@pytest.fixture
def server(source):
    return make.server(hostname="web1", source=source)


def test_the_plan_says_so_and_launches_all_the_same(alice, server) -> None:
    intention = make.rehearse(make.playbook(), alice, [server])
    (said,) = [words for words in intention.words if UNREAD in words]
    assert said == "“Estate” changed on disk just now and has not been read yet."
    assert intention.verdict.allowed
    assert make.launch(make.playbook(), alice, [server]).pk


def test_other_inventories_and_inactive_sources_say_nothing(alice, source) -> None:
    other = make.server(inventory=make.inventory())
    assert UNREAD not in " ".join(make.rehearse(make.playbook(), alice, [other]).words)
    InventorySource.objects.update(is_active=False)
    same = make.server()
    assert UNREAD not in " ".join(make.rehearse(make.playbook(), alice, [same]).words)


def test_it_is_no_part_of_the_digest(alice, server) -> None:
    playbook = make.playbook()
    digest = make.rehearse(playbook, alice, [server]).digest
    InventorySource.objects.update(is_active=False)
    assert make.rehearse(playbook, alice, [server]).digest == digest


def test_the_form_links_to_the_source_for_who_may_sync(client_of, boss, alice, server) -> None:
    form = filled(make.playbook(), [server])
    plan = reverse("automation:job_launch_plan")
    link = f'href="{server.source.get_absolute_url()}"'
    for who, is_linked in ((boss, True), (alice, False)):
        page = client_of(who).post(plan, form).content.decode()
        assert UNREAD in page
        assert (link in page) is is_linked


def test_the_api_has_it_as_advice(api_of, alice, server) -> None:
    body = {"playbook_id": make.playbook().pk, "server_id": server.pk, "dry_run": True}
    said = api_of(alice).post("/api/jobs", body).json()
    assert [(each["rule"], each["level"]) for each in said["violations"]] == [
        ("unread_inventory", "advisory")
    ]
    assert said["allowed"] and any(UNREAD in words for words in said["words"])


def test_the_command_prints_it(boss, server, capsys) -> None:
    playbook = make.playbook(name="hello")
    call_command("run_playbook", playbook.name, server=["web1"], dry_run=True)
    assert UNREAD in capsys.readouterr().out
