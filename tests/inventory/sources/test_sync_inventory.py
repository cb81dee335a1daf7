"""`manage.py sync_inventory`, and `import_inventory` for what lies below PLAYBOOK_ROOT."""

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from inventory.models import Inventory, InventorySource, Server
from inventory.syncing.unread import unread_words
from inventory.syncing.watching import ask_due_syncs
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


def said(command: str, *names: str, **options) -> str:
    out = io.StringIO()
    call_command(command, *names, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_it_prints_value_by_value_what_differs():
    source = make.source("web1 port=80 old=1\n", name="prod")
    printed = said("sync_inventory", "prod", dry_run=True)
    assert "Dry run: nothing was written" in printed and "+ server web1: port: 80" in printed
    assert not Server.objects.exists()
    said("sync_inventory")
    (Path(settings.PLAYBOOK_ROOT) / source.path).write_text("web1 port=81 db_password=hunter2\n")
    printed = said("sync_inventory", "prod@default")
    assert "~ server web1: port: 80 → 81" in printed
    assert "- server web1: old: 1" in printed
    assert '+ server web1: db_password: "********"' in printed and "hunter2" not in printed
    assert "Unchanged since the last sync" in said("sync_inventory")
    assert "Unchanged since" not in said("sync_inventory", force=True)


def test_one_that_fails_does_not_keep_the_others():
    make.source('web1 x="\n', name="a"), make.source("web2\n", name="b")
    with pytest.raises(CommandError, match="1 source failed"):
        said("sync_inventory")
    assert Server.objects.get().hostname == "web2"
    with pytest.raises(CommandError, match="There is no inventory source"):
        said("sync_inventory", "c")


def test_importing_below_the_root_makes_a_source_and_finds_it_again():
    path = make.playbook_file("inventories/prod.ini", "web1\n")
    printed = said("import_inventory", str(path), inventory="lab", environment="production")
    assert "Source: inventories/prod.ini@lab" in printed
    source = InventorySource.objects.get()
    assert (source.path, source.environment) == ("inventories/prod.ini", "production")
    assert Server.objects.get().source == source
    path.write_text("web2\n")
    printed = said("import_inventory", str(path))
    assert "gone           1  web1@lab" in printed
    assert InventorySource.objects.count() == 1
    assert not Server.objects.filter(inventory=Inventory.objects.default()).exists()


def test_a_dry_run_makes_no_source():
    path = make.playbook_file("inventories/prod.ini", "web1\n")
    assert "added          1  web1" in said("import_inventory", str(path), dry_run=True)
    assert not InventorySource.objects.exists() and not Server.objects.exists()


def test_importing_from_elsewhere_makes_none_and_removes_nothing(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("web1\nweb2\n")
    said("import_inventory", str(path))
    path.write_text("web1\n")
    said("import_inventory", str(path))
    assert not InventorySource.objects.exists()
    assert Server.objects.filter(is_active=True, source=None).count() == 2


def test_an_import_from_elsewhere_does_not_touch_what_a_source_owns(tmp_path):
    make.source("web1 port=80\n", name="prod")
    said("sync_inventory")
    path = tmp_path / "hosts"
    path.write_text("web1 port=1\nweb2\n")
    printed = said("import_inventory", str(path))
    assert "Refused: web1: “web1” belongs to the inventory source “prod”" in printed
    assert Server.objects.get(hostname="web1").variables == {"port": 80}


def test_hosts_imported_before_are_adopted():
    path = make.playbook_file("inventories/prod.ini", "web1 port=80\n")
    server = make.server(
        hostname="web1", ip_address="", variables={"port": 80}, imported_variables=["port"]
    )
    assert "adopted        1  web1" in said("import_inventory", str(path))
    server.refresh_from_db()
    assert server.source is not None and not server.overrides.exists()


@pytest.mark.parametrize("command", ["sync_inventory", "import_inventory"])
def test_what_a_command_has_synced_is_not_said_to_be_unread(command):
    script = '#!/bin/sh\necho \'{"web": {"hosts": ["web1"]}}\'\n'
    source = make.source(script, syncs="on_change")
    names = [str(source.located())] if command == "import_inventory" else []
    said(command, *names, dry_run=True)
    source.refresh_from_db()
    assert source.plan == {} and ask_due_syncs() == [source.pk]
    InventorySource.objects.update(progress="idle")
    said(command, *names)
    source.refresh_from_db()
    assert unread_words(source) == "" and ask_due_syncs() == []
    plan = source.plan
    assert (plan["counts"]["added"], plan["digest"], plan["dry_run"]) == (1, "", False)


@pytest.mark.parametrize("command", ["sync_inventory", "import_inventory"])
def test_what_a_script_says_does_not_command_the_terminal(command):
    hosts = '{"web": {"hosts": ["ok", "b\\u001b[2Jad"], "vars": {"v": "\\u202e\\u009b2J"}}}'
    script = f"#!/bin/sh\nprintf '\\033]0;owned\\007' >&2\necho '{hosts}'\n"
    source = make.source(script)
    printed = said(command, *([str(source.located())] if command == "import_inventory" else []))
    assert "Refused: b\\x1b[2Jad" in printed
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*printed}
