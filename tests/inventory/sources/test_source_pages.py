"""An inventory source's pages: list, form with uploads, what a sync would change, buttons."""

import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inventory.models import Inventory, InventorySource, Server
from inventory.syncing.tasks import sync_if_asked
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.on_either]

HOSTS = "[web]\nweb1 port=80 note=<b>bold</b>\n"
ADD = reverse("admin:inventory_inventorysource_add")
LIST = reverse("admin:inventory_inventorysource_changelist")


def checked(client, source: InventorySource) -> InventorySource:
    client.post(reverse("inventory:source_check", args=[source.pk]))
    sync_if_asked(source.pk)
    source.refresh_from_db()
    return source


def sync(client, source: InventorySource, digest: str):
    return client.post(reverse("inventory:source_sync", args=[source.pk]), {"digest": digest})


def given(**fields) -> dict:
    inventory = Inventory.objects.default()
    usual = {
        "name": "Production",
        "inventory": inventory.pk,
        "kind": "upload",
        "format": "ini",
        "text": "web1\n",
        "syncs": "by_hand",
        "is_active": "on",
    }
    return usual | fields


# --- The page -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_check_shows_what_differs_and_a_sync_carries_it_out(client_of, boss) -> None:
    client, source = client_of(boss), make.source(HOSTS)
    page = client.get(source.get_absolute_url()).content.decode()
    assert "Not read yet" in page and "Sync now" not in page
    checked(client, source)
    page = client.get(source.get_absolute_url()).content.decode()
    assert "What a sync would change" in page
    assert "1 server added" in page and "<strong>web1</strong>" in page
    assert "&lt;b&gt;bold" in page and "<b>bold" not in page
    digest = source.plan["digest"]
    assert f'name="digest" value="{digest}"' in page
    assert sync(client, source, digest).status_code == 302
    page = client.get(source.get_absolute_url()).content.decode()
    assert "Waiting for a worker" in page and "Sync now" not in page
    sync_if_asked(source.pk)
    page = client.get(source.get_absolute_url()).content.decode()
    assert "What the last sync changed" in page and "Sync now" not in page
    assert Server.objects.filter(hostname="web1").exists()


@pytest.mark.slow
def test_sent_twice_it_syncs_once(client_of, boss) -> None:
    client, source = client_of(boss), make.source(HOSTS)
    digest = checked(client, source).plan["digest"]
    sync(client, source, digest)
    answer = sync(client, source, digest)
    assert answer.status_code == 302
    sync_if_asked(source.pk)
    answer = sync(client, source, digest)
    assert answer.status_code == 302
    source.refresh_from_db()
    assert (source.progress, source.state) == ("idle", "synced")
    page = client.get(source.get_absolute_url()).content.decode()
    assert "already" in page


@pytest.mark.slow
def test_an_outdated_plan_is_a_conflict_and_shown_anew(client_of, boss) -> None:
    client, source = client_of(boss), make.source(HOSTS)
    old = checked(client, source).plan["digest"]
    source.located().write_text(HOSTS + "web2 more=1\n")
    new = checked(client, source).plan["digest"]
    answer = sync(client, source, old)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing was synced" in page and f'value="{new}"' in page
    source.refresh_from_db()
    assert source.progress == "idle"


def test_a_sync_without_a_plan_is_a_conflict(client_of, boss) -> None:
    source = make.source()
    for digest in ("", "0" * 64):
        assert sync(client_of(boss), source, digest).status_code == 409


def test_the_live_part_says_when_it_is_over(client_of, boss) -> None:
    client, source = client_of(boss), make.source()
    live = reverse("inventory:source_live", args=[source.pk])
    assert 'data-active="no"' in client.get(live).content.decode()
    source.ask_sync(boss, dry_run=True)
    assert 'data-active="yes"' in client.get(live).content.decode()


def test_a_viewer_sees_the_plan_and_no_button(client_of, bob) -> None:
    source = make.source()
    source.plan = {"digest": "0" * 64, "dry_run": True, "counts": {"added": 1}, "rows": []}
    source.save()
    page = client_of(bob).get(source.get_absolute_url()).content.decode()
    assert "1 server added" in page
    assert "Sync now" not in page and "Check for changes" not in page


def test_a_broken_source_shows_why(client_of, boss) -> None:
    source = make.source(state="failed", message="hosts.ini:3: <oops>")
    page = client_of(boss).get(source.get_absolute_url()).content.decode()
    assert "The last sync failed" in page and "hosts.ini:3: &lt;oops&gt;" in page


# --- The list and the form ------------------------------------------------------------------------


def test_the_list_shows_state_and_what_is_owned(client_of, bob, query_ceiling) -> None:
    for number in range(5):
        source = make.source(name=f"s{number}")
        make.server(source=source)
    client = client_of(bob)
    with query_ceiling(12):
        page = client.get(LIST).content.decode()
    assert page.count("1 server, 0 groups") == 5
    assert "Never synced" in page


def test_an_upload_is_stored_encrypted_and_checked(client_of, boss) -> None:
    answer = client_of(boss).post(ADD, given(text="web1 x=1\n"))
    source = InventorySource.objects.get()
    assert answer.url == source.get_absolute_url()
    assert source.content.opened() == "web1 x=1\n"
    assert (source.progress, source.is_dry_run) == ("queued", True)


def test_a_file_is_taken_by_its_suffix(client_of, boss) -> None:
    file = SimpleUploadedFile("hosts.yml", b"all: {hosts: {web1: }}\n")
    client_of(boss).post(ADD, given(text="", format="", file=file))
    source = InventorySource.objects.get()
    assert (source.format, source.content.opened()) == ("yaml", "all: {hosts: {web1: }}\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * (25 * 1024 * 1024), "It is larger than"),
        (b"\x7fELF\xff\xfe\n", "It is not UTF-8 text (line 1)"),
        (b"web1\n\x00\n", "NUL character (line 2)"),
        (b"  \n", "It is empty"),
    ],
    ids=["25 MB", "binary", "NUL", "empty"],
)
def test_a_file_that_is_no_inventory_is_refused_and_the_rest_stays(
    client_of, boss, content, said
) -> None:
    file = SimpleUploadedFile("hosts.ini", content)
    page = client_of(boss).post(ADD, given(text="", file=file, name="Kept name")).content.decode()
    assert said in page and 'value="Kept name"' in page
    assert not InventorySource.objects.exists()


def test_a_file_and_a_text_are_refused(client_of, boss) -> None:
    file = SimpleUploadedFile("hosts.ini", b"web1\n")
    page = client_of(boss).post(ADD, given(file=file)).content.decode()
    assert "not both" in page and not InventorySource.objects.exists()


def test_an_upload_is_replaced_and_checked_before_anything_is_written(client_of, boss) -> None:
    source = make.source("web1\n", kind="upload")
    change = reverse("admin:inventory_inventorysource_change", args=[source.pk])
    client = client_of(boss)
    client.post(change, {"name": source.name, "format": "ini", "text": "", "is_active": "on"})
    source.refresh_from_db()
    assert source.content.opened() == "web1\n"
    client.post(change, {"name": source.name, "format": "ini", "text": "web2\n", "is_active": "on"})
    source.refresh_from_db()
    assert source.content.opened() == "web2\n"
    assert (source.progress, source.is_dry_run) == ("queued", True)


def test_paths_that_look_like_inventories_are_offered(client_of, boss) -> None:
    make.playbook_file("inventories/staging/hosts", "web1\n")
    make.playbook_file("roles/x/files/hosts", "no\n")
    make.playbook_file("site.yml", "[]\n")
    page = client_of(boss).get(ADD).content.decode()
    assert '<option value="inventories/staging"' in page
    assert "roles/x" not in page and "site.yml" not in page


def test_a_path_outside_is_refused(client_of, boss) -> None:
    page = client_of(boss).post(ADD, given(kind="path", path="../etc", text="")).content.decode()
    assert "without “..”" in page and not InventorySource.objects.exists()


def test_saving_the_form_leaves_a_running_sync_alone(client_of, boss, monkeypatch) -> None:
    source = make.source()
    form_page = reverse("admin:inventory_inventorysource_change", args=[source.pk])
    save = InventorySource.save

    def meanwhile(row, *args, **kwargs):
        InventorySource.objects.filter(pk=source.pk).update(progress="running", sync_token="x")
        save(row, *args, **kwargs)

    monkeypatch.setattr(InventorySource, "save", meanwhile)
    client_of(boss).post(
        form_page,
        {"name": "Renamed", "path": source.path, "syncs": "on_change", "is_active": "on"},
    )
    source.refresh_from_db()
    assert (source.name, source.progress, source.sync_token) == ("Renamed", "running", "x")


# --- Elsewhere ------------------------------------------------------------------------------------


def test_an_inventory_lists_its_sources(client_of, bob) -> None:
    source = make.source(name="Estate")
    page = client_of(bob).get(source.inventory.get_absolute_url()).content.decode()
    assert source.get_absolute_url() in page and "Estate" in page


def test_a_server_and_a_group_name_their_source(client_of, bob) -> None:
    source = make.source(name="Estate")
    server = make.server(source=source)
    group = make.group("web", server)
    type(group).objects.update(source=source)
    for row in (server, group):
        page = client_of(bob).get(row.get_absolute_url()).content.decode()
        assert "From the source" in page and source.get_absolute_url() in page
    assert (
        "From the source"
        not in client_of(bob).get(make.server().get_absolute_url()).content.decode()
    )


def test_home_names_sources_that_failed(client_of, bob) -> None:
    make.source(name="Broken", state="failed")
    make.source(name="Off", state="failed", is_active=False)
    page = client_of(bob).get(reverse("home")).content.decode()
    assert "Broken" in page and "Off" not in page


def test_the_command_search_finds_sources(client_of, bob) -> None:
    source = make.source(name="Estate")
    page = client_of(bob).get(reverse("command_search"), {"s": "esta"}).content.decode()
    assert source.get_absolute_url() in page


def test_the_form_leaves_out_names_that_no_page_can_show(client_of, boss) -> None:
    shown = make.playbook_file("inventories/good.ini", "web1\n")
    shown.with_name(os.fsdecode(b"h\xff.ini")).write_text("web1\n")
    page = client_of(boss).get(ADD)
    assert page.status_code == 200 and "inventories/good.ini" in page.content.decode()


def test_a_path_that_is_too_long_for_a_file_gets_an_error(client_of, boss) -> None:
    page = client_of(boss).post(ADD, given(kind="path", path="a" * 300, text="", format=""))
    assert page.status_code == 200 and "File name too long" in page.content.decode()


def test_an_upload_that_is_replaced_during_a_check_says_that_it_was_not_checked(
    client_of, boss
) -> None:
    client, source = client_of(boss), make.source("web1\n", kind="upload")
    client.post(reverse("inventory:source_check", args=[source.pk]))
    change = reverse("admin:inventory_inventorysource_change", args=[source.pk])
    page = client.post(change, given(name=source.name, text="web2\n"), follow=True)
    assert "an earlier check or sync is still under way" in page.content.decode()
