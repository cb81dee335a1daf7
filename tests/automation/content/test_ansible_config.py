"""Where a playbook's runs start, and what is read of the ansible.cfg there."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from automation.content import ansible_config
from automation.content.ansible_config import AnsibleConfig, Start, find_start
from tests import make


def config(text: str, path: str = "ansible.cfg") -> AnsibleConfig:
    return AnsibleConfig(path, text.encode())


@pytest.mark.parametrize(
    ("files", "chosen", "folder", "path"),
    [
        ([], "", ".", None),
        (["ansible.cfg"], "", ".", "ansible.cfg"),
        (["ansible.cfg", "teams/ansible.cfg"], "", "teams", "teams/ansible.cfg"),
        (["teams/web/ansible.cfg"], "", "teams/web", "teams/web/ansible.cfg"),
        (["teams/db/ansible.cfg"], "", ".", None),
        (["ansible.cfg", "teams/ansible.cfg"], ".", ".", "ansible.cfg"),
        (["ansible.cfg"], "teams", "teams", None),
        (["teams/db/ansible.cfg"], "teams/db", "teams/db", "teams/db/ansible.cfg"),
    ],
)
def test_the_nearest_folder_with_an_ansible_cfg_counts(files, chosen, folder, path):
    make.playbook_file("teams/web/site.yml", "[]")
    for name in files:
        make.playbook_file(name, "[defaults]\n")
    start = find_start("teams/web/site.yml", chosen)
    assert (start.folder, start.config.path if start.config else None) == (folder, path)


def test_links_are_followed_inside_the_root_only(settings, tmp_path):
    make.playbook_file("teams/site.yml", "[]")
    (tmp_path / "outside.cfg").write_text("[defaults]\nforks=9\n")
    (Path(settings.PLAYBOOK_ROOT) / "teams" / "ansible.cfg").symlink_to(tmp_path / "outside.cfg")
    assert find_start("teams/site.yml") == Start(".")


def test_a_pipe_is_no_configuration(settings):
    make.playbook_file("site.yml", "[]")
    os.mkfifo(Path(settings.PLAYBOOK_ROOT) / "ansible.cfg")
    assert find_start("site.yml") == Start(".")


def test_the_configuration_of_the_environment_replaces_it(monkeypatch):
    make.playbook_file("teams/site.yml", "[]")
    make.playbook_file("teams/ansible.cfg", "[defaults]\nforks=9\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", "/etc/other.cfg")
    assert find_start("teams/site.yml").config is None


def test_a_missing_playbook_has_a_start_too():
    assert find_start("nowhere/site.yml") == find_start("../site.yml") == Start(".")
    assert find_start("infraops:check_connection.yml") == Start(".")


@pytest.mark.parametrize(
    ("text", "forks"),
    [
        ("[defaults]\nforks = 20\n", 20),
        ("[defaults]\nforks=20 ; of them\n", 20),
        ("[defaults]\nforks=9999\n", 500),
        ("[defaults]\nforks=0\n", None),
        ("[defaults]\nforks=many\n", None),
        ("[other]\nforks=20\n", None),
        ("forks=20\n", None),
        ("[defaults]\nname = 50%\nforks=3\n", 3),
        ("\udcff", None),
    ],
)
def test_its_forks(text, forks):
    assert AnsibleConfig("ansible.cfg", text.encode(errors="surrogateescape")).forks == forks


def test_what_a_run_ignores_is_said_with_the_reason():
    said = config(
        "[defaults]\ninventory = hosts.ini\nhost_key_checking = False\nask_pass = True\n"
        "log_path = /tmp/log\ncallback_plugins = cb\n[privilege_escalation]\nbecome = True\n",
        "play/ansible.cfg",
    ).words
    (sentence,) = said
    assert sentence.startswith("play/ansible.cfg: a run ignores ")
    for name in ("inventory (the", "host_key_checking", "ask_pass", "log_path", "callback_plugins"):
        assert name in sentence
    assert "become" not in sentence


def test_what_asks_for_the_usual_is_not_mentioned():
    text = "[defaults]\nhost_key_checking=True\nask_pass=no\nretry_files_enabled = False\nforks=9\n"
    assert config(text).words == []


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("./facts", "play/facts"),
        ("../facts", "facts"),
        ("../../facts", None),
        ("/var/facts", None),
        ("~/facts", None),
        ("..", None),
    ],
)
def test_a_relative_fact_cache_lasts_for_one_run(text, folder):
    read = config(f"[defaults]\nfact_caching_connection = {text}\n", "play/ansible.cfg")
    assert (str(read.fact_cache) if read.fact_cache else None) == folder
    assert len(read.words) == (folder is not None)


def test_docs_have_every_setting_that_is_ignored(settings):
    docs = (Path(settings.BASE_DIR) / "docs" / "operations.md").read_text()
    assert [name for _, name in ansible_config.OVERRIDDEN if f"`{name}`" not in docs] == []


@pytest.mark.django_db
@pytest.mark.parametrize("folder", ["nowhere", "../other", "/etc", "site.yml", "teams\0"])
def test_a_working_directory_is_a_folder_below_the_root(folder):
    playbook = make.playbook(file_path="site.yml")
    playbook.working_directory = folder
    with pytest.raises(ValidationError) as error:
        playbook.full_clean()
    assert "working_directory" in error.value.message_dict


@pytest.mark.django_db
def test_it_is_kept_in_canonical_form():
    make.playbook_file("teams/x", "")
    playbook = make.playbook(working_directory="./teams//")
    playbook.full_clean()
    assert playbook.working_directory == "teams"
