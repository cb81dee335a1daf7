"""Whether an inventory's files have changed: sizes, times and contents, nothing parsed."""

import os
from pathlib import Path

import pytest

from inventory.importing import digests
from inventory.models import InventorySource
from inventory.syncing.looking import look_at
from schema.exceptions import Refused


@pytest.fixture(autouse=True)
def root(settings, tmp_path) -> None:
    settings.PLAYBOOK_ROOT = tmp_path


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def glance(path: Path) -> str:
    look = look_at(path)
    assert look is not None
    return look.glance


@pytest.mark.parametrize(
    "changed", ["hosts", "group_vars/all.yml", "group_vars/web/10.yml", "host_vars/w1"]
)
def test_a_file_counts_with_what_stands_beside_it(tmp_path, changed) -> None:
    hosts = written(tmp_path / "hosts", "w1\n")
    before = glance(hosts)
    written(tmp_path / changed, "x: 1\n")
    assert glance(hosts) != before


def test_other_files_beside_it_do_not_count(tmp_path) -> None:
    hosts = written(tmp_path / "hosts", "w1\n")
    before = glance(hosts)
    written(tmp_path / "site.yml", "[]\n")
    assert glance(hosts) == before


def test_a_folder_counts_whole(tmp_path) -> None:
    folder = written(tmp_path / "inv" / "01-hosts", "w1\n").parent
    seen = [glance(folder)]
    written(folder / "02-more.yml", "all:\n")
    seen.append(glance(folder))
    written(folder / "group_vars" / "all" / "deep" / "x.yml", "x: 1\n")
    seen.append(glance(folder))
    (folder / "02-more.yml").unlink()
    seen.append(glance(folder))
    assert len(set(seen)) == 4


def test_it_tells_when_the_newest_file_changed(tmp_path) -> None:
    hosts = written(tmp_path / "hosts", "w1\n")
    os.utime(hosts, (1_000_000, 1_000_000))
    look = look_at(hosts)
    assert look is not None and look.changed_at.timestamp() == 1_000_000


def test_what_is_gone_or_too_large_is_not_looked_at(tmp_path, monkeypatch) -> None:
    assert look_at(tmp_path / "gone") is None
    folder = written(tmp_path / "inv" / "a", "w1\n").parent
    written(folder / "b", "w2\n")
    monkeypatch.setattr(digests, "MOST_FILES", 1)
    assert look_at(folder) is None


def test_links_in_a_circle_and_to_nowhere_do_no_harm(tmp_path) -> None:
    folder = written(tmp_path / "inv" / "hosts", "w1\n").parent
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "nowhere").symlink_to(tmp_path / "missing")
    assert glance(folder)


def test_a_link_to_elsewhere_is_not_followed(tmp_path) -> None:
    folder = written(tmp_path / "inv" / "hosts", "w1\n").parent
    (folder / "passwd").symlink_to("/etc/passwd")
    assert look_at(folder) is None


@pytest.mark.parametrize(
    "text", ["plugin: x\n", '"plugin": x\n', "---\n  plugin : x\n", "{'plugin': x}\n"]
)
def test_a_plugin_is_asked_at_each_sync_however_its_key_is_written(tmp_path, text) -> None:
    written(tmp_path / "x.yml", text)
    assert digests.digest_of_files(InventorySource(inventory_id=1, path="x.yml")) == ""


def test_a_variable_called_plugin_is_no_plugin(tmp_path) -> None:
    written(tmp_path / "hosts", "w1\n")
    written(tmp_path / "group_vars" / "all.yml", "network:\n  plugin: calico\n")
    assert digests.digest_of_files(InventorySource(inventory_id=1, path="hosts"))


def test_a_file_that_fills_the_memory_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(digests, "LARGEST_FILE", 10)
    written(tmp_path / "hosts", "w1\n")
    written(tmp_path / "group_vars" / "all.yml", "x: 123456789\n")
    with pytest.raises(Refused, match=r"all\.yml is larger"):
        digests.digest_of_files(InventorySource(inventory_id=1, path="hosts"))
