"""Reading inventories as Ansible holds them: nothing is merged, nothing is lost."""

from pathlib import Path

import pytest

from inventory.ansible.reading import ListedGroup, ListedInventory, Unreadable, read

pytestmark = [pytest.mark.slow, pytest.mark.on_either]  # runs Ansible

YAML = """
all:
  vars: {top: 1}
  hosts:
    Zed: {ansible_host: 10.0.0.1, text: "{{ top }}", plain: !unsafe "{{ no }}"}
  children:
    web:
      hosts: {beta: {x: 2}, alpha: }
      vars: {ansible_group_priority: 10, "list": [1, "two"]}
    empty: {}
    Web: {hosts: {alpha: {}}}
    region: {children: {web: , Web: }}
"""
VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n3132\n"


def written(folder: Path, files: dict[str, str]) -> Path:
    """The files, below the folder; returns the first one's path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / next(iter(files))


def group(inventory: ListedInventory, name: str) -> ListedGroup:
    (found,) = [each for each in inventory.groups if each.name == name]
    return found


@pytest.fixture(scope="module")
def inventory(tmp_path_factory) -> ListedInventory:
    folder = tmp_path_factory.mktemp("inventory")
    files = {
        "hosts.yml": YAML,
        "group_vars/all/10-plain.yml": "a: file\nwhen: 2024-01-01\n",
        "group_vars/all/vault.yml": VAULTED,
        "group_vars/web": "b: {1: one, two: [!vault '$ANSIBLE_VAULT;1.1;AES256\n\n  3133']}\n",
        "host_vars/Zed.json": '{"k": 5}',
        "group_vars/unknown.yml": "c: 1\n",
    }
    return read(written(folder, files))


def test_hosts_keep_their_names_and_the_order_of_hosts_all(inventory) -> None:
    assert [host.name for host in inventory.hosts] == ["Zed", "beta", "alpha"]


def test_variables_stay_where_they_are(inventory) -> None:
    zed, beta, alpha = inventory.hosts
    assert zed.variables == {
        "ansible_host": "10.0.0.1",
        "text": "{{ top }}",
        "plain": {"__ansible_unsafe": "{{ no }}"},
    }
    assert (beta.variables, alpha.variables) == ({"x": 2}, {})
    assert group(inventory, "all").variables == {"top": 1}
    assert group(inventory, "web").variables == {"list": [1, "two"]}


def test_groups_keep_children_order_case_and_priority(inventory) -> None:
    assert [each.name for each in inventory.groups] == [
        *("all", "ungrouped", "web", "empty", "Web", "region"),
    ]
    assert group(inventory, "web").hosts == ("beta", "alpha")
    assert group(inventory, "web").priority == 10
    assert group(inventory, "Web").hosts == ("alpha",)
    assert group(inventory, "region").children == ("web", "Web")
    assert group(inventory, "empty").hosts == ()


def test_files_beside_the_inventory_are_kept_one_by_one(inventory) -> None:
    plain, vaulted = group(inventory, "all").files
    assert (plain.path, plain.variables) == (
        "group_vars/all/10-plain.yml",
        {"a": "file", "when": "2024-01-01"},
    )
    assert (vaulted.path, vaulted.variables, vaulted.vaulted) == (
        *("group_vars/all/vault.yml", {}, VAULTED),
    )
    (web,) = group(inventory, "web").files
    assert web.variables == {
        "b": {"1": "one", "two": [{"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3133"}]}
    }
    (zed,) = inventory.hosts[0].files
    assert (zed.path, zed.variables) == ("host_vars/Zed.json", {"k": 5})


def test_values_that_json_cannot_hold_are_named(inventory) -> None:
    assert group(inventory, "all").changed == ("group_vars/all/10-plain.yml: when",)
    assert group(inventory, "web").changed == ("group_vars/web: b.1",)


def test_an_upload_is_never_executed(tmp_path) -> None:
    script = written(tmp_path, {"hosts": "#!/bin/sh\ntouch ran\necho '{}'\n"})
    script.chmod(0o700)

    with pytest.raises(Unreadable):
        read(script, as_data=True)

    assert not (tmp_path / "ran").exists()
    plugin = written(tmp_path, {"x.yml": "plugin: constructed\nstrict: true\n"})
    with pytest.raises(Unreadable):
        read(plugin, as_data=True)


def test_what_cannot_be_read_is_said_in_ansibles_words(tmp_path) -> None:
    broken = written(tmp_path, {"hosts.yml": "all: {hosts: [a, b]}\n"})
    with pytest.raises(Unreadable, match=r"hosts\.yml"):
        read(broken)
    with pytest.raises(Unreadable, match="There is no"):
        read(tmp_path / "missing")
