"""Where playbook files may be, and which files are playbooks."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from automation.content import playbook_files
from tests import make


def root() -> Path:
    return Path(settings.PLAYBOOK_ROOT)


@pytest.mark.parametrize(
    "file_path",
    [
        "../../etc/passwd",
        "../outside.yml",
        "web/../../outside.yml",
        "web/../site.yml",
        "/etc/passwd",
        "/etc/hosts.yml",
        "infraops:/etc/hosts.yml",
        "infraops:../models/jobs.py",
        "outside-link.yml",
        "outside-folder/site.yml",
        "loop.yml",
        "site\0.yml",
        "infraops:a\0.yml",
        "\ud800.yml",
        "x" * 300 + ".yml",
        "d/" * 3000 + "site.yml",
        "gone.yml",
        "folder.yml",
        ".",
        "",
        "site.txt",
        "site",
        "infraops:gone.yml",
    ],
)
def test_this_path_is_refused(file_path, tmp_path):
    make.playbook_file("site.yml", make.HELLO)
    make.playbook_file("site.txt", make.HELLO)
    (root() / "folder.yml").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "site.yml").write_text("- hosts: all\n")
    (root() / "outside-link.yml").symlink_to(outside / "site.yml")
    (root() / "outside-folder").symlink_to(outside)
    (root() / "loop.yml").symlink_to("loop.yml")
    (tmp_path / "outside.yml").write_text("- hosts: all\n")
    with pytest.raises(ValidationError):
        playbook_files.validate_file_path(file_path)


@pytest.mark.parametrize("file_path", ["site.yml", "web/deploy.yaml", "größe 🚀.yml", "link.yml"])
def test_this_path_is_accepted(file_path):
    make.playbook_file("target/site.yml", make.HELLO)
    if file_path == "link.yml":
        (root() / "link.yml").symlink_to("target/site.yml")
    else:
        make.playbook_file(file_path, make.HELLO)
    playbook_files.validate_file_path(file_path)
    assert playbook_files.locate_file(file_path).is_relative_to(root().resolve())


def test_our_own_playbooks_have_a_prefix():
    file_path = "infraops:check_connection.yml"
    playbook_files.validate_file_path(file_path)
    assert playbook_files.locate_file(file_path).parent == playbook_files.BUILTIN_ROOT.resolve()


def test_the_root_may_be_a_link_itself(settings, tmp_path):
    make.playbook_file("site.yml", make.HELLO)
    (tmp_path / "link").symlink_to(settings.PLAYBOOK_ROOT)
    settings.PLAYBOOK_ROOT = tmp_path / "link"
    playbook_files.validate_file_path("site.yml")


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("./web//site.yml", "web/site.yml"),
        ("site.yml/", "site.yml"),
        ("web/./site.yml", "web/site.yml"),
        ("infraops:./a.yml", "infraops:a.yml"),
        ("../a.yml", "../a.yml"),
        ("", ""),
    ],
)
def test_one_spelling_a_path(given, spelled):
    assert playbook_files.spelled_path(given) == spelled


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("- hosts: all\n  tasks: []\n", 1),
        ("- hosts: a\n- hosts: b\n", 2),
        ("- import_playbook: other.yml\n- ansible.builtin.import_playbook: x.yml\n", 2),
        ("- hosts: all\n  vars: {a: !vault x, b: !unsafe '{{ c }}'}\n", 1),
        ("- hosts: all\n- name: a task\n  ping:\n", 0),
        ("- hosts: all\n- just text\n", 0),
        ("hosts: all\n", 0),
        ("", 0),
        ("[]", 0),
        ("- hosts: [all\n", 0),
        ("- hosts: !!python/object/apply:os.system ['true']\n", 0),
        ("- hosts: all\n  day: 2024-99-99\n", 0),
        ("- hosts: all\n- &a [*a]\n", 0),
        ("[" * 800, 0),
        ("\x07", 0),
    ],
)
def test_plays_are_told_from_other_yaml(text, count):
    assert len(playbook_files.plays_in(text.encode())) == count


def test_a_playbook_that_is_too_long_is_not_read():
    longest = b"- hosts: all\n#" + b"x" * (playbook_files.MOST_BYTES - 14)
    assert playbook_files.yaml_problem(longest) == ""
    assert playbook_files.yaml_problem(longest + b"x") == "The file is larger than 512 KB."
    assert playbook_files.plays_in(longest + b"x") == []


@pytest.mark.parametrize("more", ["[*a{0}, *a{0}]", "{{<<: [*a{0}, *a{0}], k{0}: *a{0}}}"])
def test_aliases_of_aliases_stay_short(more):
    levels = [f"  a{n + 1}: &a{n + 1} {more.format(n)}" for n in range(40)]
    text = "\n".join(["- hosts: all", "  a0: &a0 {k: v}", *levels])
    assert "aliases" in playbook_files.yaml_problem(text.encode())
    few = "- hosts: all\n  a: &a {k: v}\n  b: [*a, *a, {<<: *a}]\n"
    assert playbook_files.plays_in(few.encode())[0]["b"] == [{"k": "v"}] * 3


def test_bytes_that_are_no_text_are_no_playbook():
    assert playbook_files.plays_in(b"- hosts: \xff\xfe\n") == []
    assert playbook_files.yaml_problem(b"- hosts: \xff\xfe\n")
    assert playbook_files.yaml_problem(b"- hosts: all\n") == ""


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("# What it\n# does.\n\n# later\n- hosts: all\n", "What it does."),
        ("---\n# After the dashes\n- hosts: all\n", "After the dashes"),
        ("#!/usr/bin/env ansible-playbook\n\n##  Deploys  ##\n- hosts: all\n", "Deploys  ##"),
        ("- name: One\n  hosts: a\n# not this\n- name: Two\n  hosts: b\n", "One. Two"),
        ("- hosts: all\n", ""),
    ],
)
def test_a_file_says_what_it_is_for(text, description):
    content = text.encode()
    assert playbook_files.describe_file(content, playbook_files.plays_in(content)) == description


def test_playbooks_are_discovered_in_order():
    for name in ("b.yml", "a/z.yaml", "a/b/c.yml"):
        make.playbook_file(name, make.HELLO)
    make.playbook_file("tasks.yml", [{"ansible.builtin.ping": {}}])
    make.playbook_file(".hidden/x.yml", make.HELLO)
    found = dict(playbook_files.discover_playbooks(root()))
    assert list(found) == ["a/b/c.yml", "a/z.yaml", "b.yml"]
    assert found["b.yml"] == (root() / "b.yml").read_bytes()


def test_a_hash_is_sha256_in_hex():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert playbook_files.hash_of(b"") == empty


@pytest.mark.django_db
def test_a_pipe_in_a_playbooks_place_is_refused_and_not_waited_for():
    playbook = make.playbook()
    playbook.path.unlink()
    os.mkfifo(root() / playbook.file_path)

    with pytest.raises(ValidationError, match="not a regular file"):
        playbook_files.validate_file_path(playbook.file_path)
    assert playbook.file_state == "missing"
    assert playbook.source == ""
