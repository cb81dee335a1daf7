"""Syncs of a source: asked for, claimed by one worker, performed, and shown."""

import os
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from audit.models import AuditLog
from automation.queue.packages import task_functions
from inventory.ansible.inventory_file import write_inventory
from inventory.importing import syncing
from inventory.models import InventorySource, Server
from inventory.models.source_syncs import LOST_AFTER, TASK, SyncProgress
from inventory.syncing import unread
from inventory.syncing.performing import perform_sync
from inventory.syncing.tasks import sync_if_asked
from inventory.syncing.unread import unread_words
from inventory.syncing.watching import ask_due_syncs
from schema.exceptions import Refused
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # runs Ansible

HOSTS = "[web]\nweb1 ansible_host=192.0.2.1 port=80\nweb2\n"


def checked(source: InventorySource, actor) -> InventorySource:
    assert source.ask_sync(actor, dry_run=True)
    sync_if_asked(source.pk)
    source.refresh_from_db()
    return source


def synced(source: InventorySource, actor, **asked) -> InventorySource:
    assert source.ask_sync(actor, **asked)
    sync_if_asked(source.pk)
    source.refresh_from_db()
    return source


def rewrite(source: InventorySource, text: str) -> None:
    path = source.located()
    path.write_text(text)
    later = path.stat().st_mtime + 5  # coarse clocks of file systems
    os.utime(path, (later, later))


# --- Asking ---------------------------------------------------------------------------------------


def test_workers_take_the_task() -> None:
    assert TASK in task_functions()


@pytest.mark.parametrize("who", ["alice", "vera", "bob", "charlie"])
def test_only_admins_may_ask(who, request) -> None:
    with pytest.raises(PermissionDenied):
        make.source().ask_sync(request.getfixturevalue(who), dry_run=True)


def test_an_inactive_source_is_not_synced(boss) -> None:
    with pytest.raises(Refused, match="not active"):
        make.source(is_active=False).ask_sync(boss)


@pytest.mark.django_db(transaction=True)
def test_asking_queues_one_wake_up_and_asking_again_none(boss) -> None:
    source = make.source()
    assert source.ask_sync(boss)
    assert not InventorySource.objects.get(pk=source.pk).ask_sync(boss, dry_run=True)
    assert OrmQ.objects.count() == 1
    source.refresh_from_db()
    assert (source.progress, source.is_dry_run, source.asked_by) == ("queued", False, boss)


def test_one_worker_claims_it(boss) -> None:
    source = make.source()
    source.ask_sync(boss)
    other = InventorySource.objects.get(pk=source.pk)
    assert source.claim_sync()
    assert not other.claim_sync()
    assert sync_if_asked(source.pk) == "nothing to sync"


def test_who_lost_the_claim_writes_nothing(boss) -> None:
    source = make.source()
    source.ask_sync(boss)
    source.claim_sync()
    InventorySource.objects.update(progress=SyncProgress.IDLE, sync_token=None)
    assert not source.end_sync(message="late")
    source.refresh_from_db()
    assert source.message == ""


# --- Checking -------------------------------------------------------------------------------------


def test_a_check_says_value_by_value_what_differs_and_writes_nothing(boss) -> None:
    source = checked(make.source(HOSTS), boss)
    assert not Server.objects.exists()
    assert (source.progress, source.state, source.synced_at) == ("idle", "new", None)
    plan = source.plan
    assert plan["dry_run"] and len(plan["digest"]) == 64
    rows = {(row["kind"], row["name"]): row for row in plan["rows"]}
    assert rows["server", "web1"]["change"] == "added"
    values = {value["name"]: value for value in rows["server", "web1"]["values"]}
    assert (values["port"]["change"], values["port"]["after"]) == ("added", "80")
    assert ("group", "web") in rows


def test_a_changed_value_is_shown_before_and_after(boss) -> None:
    source = synced(make.source(HOSTS), boss)
    rewrite(source, HOSTS.replace("port=80", "port=8080"))
    (row,) = checked(source, boss).plan["rows"]
    (value,) = row["values"]
    assert (row["kind"], row["name"], row["change"]) == ("server", "web1", "changed")
    assert (value["name"], value["before"], value["after"]) == ("port", "80", "8080")


def test_secrets_are_masked_in_plans(boss) -> None:
    source = checked(make.source("web1 db_password=hunter2\n"), boss)
    assert "hunter2" not in str(source.plan)
    assert "********" in str(source.plan)


def test_a_check_of_the_same_has_the_same_digest(boss) -> None:
    source = checked(make.source("web1 db_password=hunter2\n"), boss)
    digest = source.plan["digest"]
    assert checked(source, boss).plan["digest"] == digest
    rewrite(source, "web1 db_password=hunter3\n")
    assert checked(source, boss).plan["digest"] != digest


def test_what_cannot_be_read_is_said_and_changes_nothing(boss) -> None:
    source = checked(make.source("[web]\nweb1 oops\n"), boss)
    assert ":2" in source.plan["error"] and source.state == "new"
    synced(source, boss)
    assert source.state == "failed" and ":2" in source.message
    assert not Server.objects.exists()


# --- Syncing --------------------------------------------------------------------------------------


def test_a_sync_writes_and_is_recorded_for_who_asked(boss) -> None:
    source = synced(make.source(HOSTS), boss)
    assert set(Server.objects.values_list("hostname", flat=True)) == {"web1", "web2"}
    assert (source.progress, source.state) == ("idle", "synced")
    assert source.synced_at is not None and not source.plan["dry_run"]
    assert source.plan["digest"] == ""
    line = AuditLog.objects.filter(resource_type="inventorysource").first()
    assert line is not None and line.user == boss


def test_exactly_the_plan_that_was_shown_is_synced(boss) -> None:
    source = checked(make.source(HOSTS), boss)
    synced(source, boss, expect=source.plan["digest"])
    assert source.state == "synced"


def test_another_plan_than_the_one_shown_is_not_synced_but_shown(boss) -> None:
    source = checked(make.source(HOSTS), boss)
    digest = source.plan["digest"]
    rewrite(source, HOSTS + "web3\n")
    synced(source, boss, expect=digest)
    assert not Server.objects.exists()
    assert source.state == "new"
    assert "changed since" in source.plan["note"]
    assert source.plan["digest"] not in ("", digest)
    assert any(row["name"] == "web3" for row in source.plan["rows"])


def test_an_upload_is_synced_without_a_file(boss) -> None:
    source = synced(make.source(HOSTS, kind="upload"), boss)
    assert source.state == "synced"
    assert Server.objects.count() == 2


def test_an_upload_with_a_shebang_is_refused_and_not_executed(boss, tmp_path) -> None:
    ran = tmp_path / "ran"
    text = f"#!/bin/sh\ntouch {ran}\necho '{{}}'\n"
    source = synced(make.source(text, kind="upload"), boss)
    assert source.state == "failed"
    assert not ran.exists()


def test_a_script_is_executed_without_our_secrets(boss, monkeypatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "xyzzy")
    shown = '{"all": {"hosts": ["web1"], "vars": {"seen": "\'"[$SECRET_KEY]"\'"}}}'
    source = synced(make.source(f"#!/bin/sh\necho '{shown}'\n"), boss)
    assert source.state == "synced", source.message
    assert source.inventory.groups.get(name="all").variables == {"seen": "[]"}


def test_a_sync_does_not_change_the_inventory_of_a_run_that_is_going_on(boss, tmp_path) -> None:
    source = synced(make.source(HOSTS), boss)
    (tmp_path / "inventory").mkdir(mode=0o700)
    target = Server.objects.get(hostname="web1")
    write_inventory(tmp_path / "inventory", [target], Server.objects.neighbours_of([target]))
    before = contents_of(tmp_path / "inventory")
    rewrite(source, "web1 port=1\n")
    assert synced(source, boss).state == "synced"
    assert contents_of(tmp_path / "inventory") == before


def contents_of(folder) -> dict[str, str]:
    return {str(file): file.read_text() for file in folder.rglob("*") if file.is_file()}


# --- What is due ----------------------------------------------------------------------------------


def test_a_source_that_changed_is_synced_once(boss) -> None:
    source = synced(make.source(HOSTS, syncs="on_change"), boss)
    assert ask_due_syncs() == []
    rewrite(source, HOSTS + "web3\n")
    assert ask_due_syncs() == [source.pk]
    assert ask_due_syncs() == []
    sync_if_asked(source.pk)
    assert Server.objects.filter(hostname="web3").exists()
    assert ask_due_syncs() == []


def test_files_beside_it_count(boss) -> None:
    source = synced(make.source(HOSTS, syncs="on_change"), boss)
    folder = source.located().parent / "group_vars"
    folder.mkdir()
    (folder / "web.yml").write_text("tier: front\n")
    assert ask_due_syncs() == [source.pk]


def test_a_file_that_was_only_touched_is_not_synced(boss) -> None:
    source = synced(make.source(HOSTS, syncs="on_change"), boss)
    rewrite(source, HOSTS)
    assert ask_due_syncs() == []


def test_what_could_not_be_read_is_tried_again_when_it_changes(boss) -> None:
    source = synced(make.source("web1 oops\n", syncs="on_change"), boss)
    assert ask_due_syncs() == []
    rewrite(source, HOSTS)
    assert ask_due_syncs() == [source.pk]


def test_an_interval_counts_from_the_last_sync(boss) -> None:
    source = make.source(HOSTS, syncs="by_interval", interval_minutes=10)
    assert ask_due_syncs() == [source.pk]
    sync_if_asked(source.pk)
    assert ask_due_syncs() == []
    long_ago = timezone.now() - timedelta(minutes=11)
    InventorySource.objects.update(progress_since=long_ago)
    assert ask_due_syncs() == [source.pk]


def test_what_is_synced_by_hand_or_inactive_is_never_due(boss) -> None:
    make.source(HOSTS)
    make.source(HOSTS, syncs="on_change", is_active=False)
    assert ask_due_syncs() == []


@pytest.mark.django_db(transaction=True)
def test_a_lost_wake_up_is_made_good(boss) -> None:
    source = make.source()
    source.ask_sync(boss)
    OrmQ.objects.all().delete()
    ask_due_syncs()
    assert OrmQ.objects.count() == 0  # it may still come
    InventorySource.objects.update(progress_since=timezone.now() - timedelta(minutes=1))
    ask_due_syncs()
    assert OrmQ.objects.count() == 1


def test_a_sync_whose_worker_is_gone_is_given_up(boss) -> None:
    source = make.source()
    source.ask_sync(boss)
    source.claim_sync()
    ask_due_syncs()
    source.refresh_from_db()
    assert source.progress == "running"
    InventorySource.objects.update(progress_since=timezone.now() - LOST_AFTER * 2)
    ask_due_syncs()
    source.refresh_from_db()
    assert (source.progress, source.state) == ("idle", "failed")
    assert "gone" in source.message and "gone" in source.plan["error"]
    assert AuditLog.objects.filter(action="inventorysource.sync_failed").count() == 1


def test_a_check_whose_worker_is_gone_is_no_failed_sync(boss) -> None:
    source = synced(make.source(HOSTS), boss)
    source.ask_sync(boss, dry_run=True)
    source.claim_sync()
    InventorySource.objects.update(progress_since=timezone.now() - LOST_AFTER * 2)
    ask_due_syncs()
    source.refresh_from_db()
    assert (source.progress, source.state, source.message) == ("idle", "synced", "")
    assert source.plan["dry_run"] and "gone" in source.plan["error"]
    assert not AuditLog.objects.filter(action="inventorysource.sync_failed").exists()


@pytest.mark.parametrize("trouble", [OSError(28, "No space left"), OperationalError("gone away")])
def test_a_change_that_was_not_read_for_another_reason_is_tried_again(monkeypatch, trouble) -> None:
    source = make.source(HOSTS, syncs="on_change")
    with monkeypatch.context() as patched:
        patched.setattr(syncing, "read_source", Mock(side_effect=trouble))
        for _each in range(2):
            assert ask_due_syncs() == [source.pk]
            sync_if_asked(source.pk)
    source.refresh_from_db()
    assert source.state == "failed"
    assert AuditLog.objects.filter(action="inventorysource.sync_failed").count() == 1
    assert ask_due_syncs() == [source.pk]
    sync_if_asked(source.pk)
    assert Server.objects.count() == 2 and ask_due_syncs() == []


def test_a_worker_does_what_was_asked_last(boss, monkeypatch) -> None:
    source = make.source(HOSTS)
    source.ask_sync(boss)
    claim = InventorySource.claim_sync

    def claim_late(late: InventorySource) -> bool:
        """Meanwhile, another worker has carried that out, and somebody asks for a check."""
        monkeypatch.setattr(InventorySource, "claim_sync", claim)
        InventorySource.objects.update(is_dry_run=True)
        return late.claim_sync()

    monkeypatch.setattr(InventorySource, "claim_sync", claim_late)
    assert sync_if_asked(source.pk).endswith(": checked")
    assert not Server.objects.exists()


def test_a_source_that_is_deleted_meanwhile_takes_nothing_in(boss, client_of) -> None:
    source = make.source(HOSTS)
    source.ask_sync(boss)
    source.claim_sync()
    delete = reverse("admin:inventory_inventorysource_delete", args=[source.pk])
    assert client_of(boss).post(delete, {"post": "yes"}).status_code == 302
    assert perform_sync(source) == "failed"
    assert not Server.objects.exists()
    (line,) = AuditLog.objects.filter(action="inventorysource.deleted")
    assert "name" in line.details["changes"] and not {"plan", "progress"} & {
        *line.details["changes"]
    }


# --- Unread ---------------------------------------------------------------------------------------


def test_a_change_on_disk_is_said_with_its_age(boss) -> None:
    source = synced(make.source(HOSTS), boss)
    assert unread_words(source) == ""
    path = source.located()
    path.write_text(HOSTS + "web3\n")
    InventorySource.objects.update(synced_at=timezone.now() - timedelta(hours=1))
    source.refresh_from_db()
    then = (timezone.now() - timedelta(minutes=3, seconds=1)).timestamp()
    for each in (path, path.parent):
        os.utime(each, (then, then))
    assert unread_words(source) == (
        f"“{source}” changed on disk 3 min ago and has not been read yet."
    )


def test_a_source_that_is_gone_from_disk_is_said(boss) -> None:
    source = synced(make.source(HOSTS), boss)
    source.located().unlink()
    assert "cannot be read on disk" in unread_words(source)


def test_a_replaced_upload_is_said(boss) -> None:
    source = synced(make.source(HOSTS, kind="upload"), boss)
    assert unread_words(source) == ""
    source.content = HOSTS + "web3\n"
    source.save()
    assert "replaced and has not been synced" in unread_words(source)


def test_only_sizes_and_times_are_read_while_nothing_changes(boss, monkeypatch) -> None:
    source = synced(make.source(HOSTS), boss)
    monkeypatch.setattr(unread, "digest_of_files", lambda source: pytest.fail("It was read."))
    assert unread_words(source) == ""
