"""`manage.py import_playbooks`: files in the folder compared with the registry."""

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from audit.models import AuditLog
from automation.models import Playbook
from tests import make

pytestmark = pytest.mark.django_db

PROMPTING = """
# Deploys the shop.
# Asks for the version.

- name: Deploy
  hosts: web
  vars_prompt:
    - {name: version, prompt: "Which version?", private: false}
    - {name: colour, default: blue, private: false}
    - {name: db_password, prompt: Password}
  tasks: []
"""


def imported(**options) -> str:
    out = io.StringIO()
    call_command("import_playbooks", stdout=out, **options)
    return out.getvalue()


def counts(printed: str) -> dict[str, int]:
    """The counts that are not zero."""
    words = ("added", "accepted", "changed on disk", "missing", "unchanged", "refused")
    found = {
        word: int(line.removeprefix(word).split()[0])
        for line in printed.splitlines()
        for word in words
        if line.startswith(f"{word} ")
    }
    return {word: count for word, count in found.items() if count}


def registered() -> list[str]:
    playbooks = Playbook.objects.exclude(file_path__startswith="infraops:")
    return list(playbooks.order_by("file_path").values_list("file_path", flat=True))


def test_new_playbooks_are_registered_with_what_they_say(tmp_path):
    make.playbook_file("site.yml", make.HELLO)
    make.playbook_file("web/deploy.yaml", PROMPTING)
    assert counts(imported()) == {"added": 2}
    site, deploy = Playbook.objects.get(name="site"), Playbook.objects.get(name="web/deploy")
    assert (site.description, site.variables, site.is_active) == ("Say hello", {}, True)
    assert deploy.file_path == "web/deploy.yaml"
    assert deploy.description == "Deploys the shop. Asks for the version."
    assert deploy.variables == {
        "version": {"type": "string", "help": "Which version?", "required": True},
        "colour": {"type": "string", "help": "", "default": "blue"},
        "db_password": {"type": "string", "help": "Password", "secret": True, "required": True},
    }
    assert deploy.file_hash == deploy.current_hash()
    line = AuditLog.objects.about(deploy).get()
    assert (line.action, line.actor_name) == ("playbook.created", "system")


def test_a_second_run_changes_nothing():
    make.playbook_file("site.yml", make.HELLO)
    imported()
    before = AuditLog.objects.count()
    assert counts(imported()) == {"unchanged": 1}
    assert counts(imported(accept=True, user=make.user(role="admin").username)) == {"unchanged": 1}
    assert AuditLog.objects.count() == before


def test_what_is_no_playbook_is_passed_over():
    make.playbook_file("tasks/main.yml", [{"name": "a task", "ansible.builtin.ping": {}}])
    make.playbook_file("vars.yml", "a: 1\n")
    make.playbook_file("empty.yml", "")
    make.playbook_file("notes.txt", "- hosts: all\n")
    for folder in ("roles/web/tests", "collections/x", "templates", ".git", "group_vars"):
        make.playbook_file(f"{folder}/test.yml", make.HELLO)
    make.playbook_file("templates/broken.yml", "{{ not: yaml")
    make.playbook_file("import.yml", [{"import_playbook": "site.yml"}])
    assert counts(imported()) == {"added": 1}
    assert registered() == ["import.yml"]


def test_links_out_of_the_folder_are_passed_over(tmp_path):
    outside = tmp_path / "outside.yml"
    outside.write_text("- hosts: all\n")
    (Path(settings.PLAYBOOK_ROOT) / "link.yml").symlink_to(outside)
    (Path(settings.PLAYBOOK_ROOT) / "dangling.yml").symlink_to(tmp_path / "gone")
    (Path(settings.PLAYBOOK_ROOT) / "loop.yml").symlink_to("loop.yml")
    assert counts(imported()) == {}


def test_what_cannot_be_registered_is_refused_with_its_reason():
    make.playbook_file("broken.yml", "- hosts: [all\n")
    make.playbook_file("deep.yml", "[" * 800)
    make.playbook_file("binary.yml", "\x07")
    make.playbook_file(f"{'x' * 150}.yml", make.HELLO)
    make.playbook_file("prompt.yml", [{"hosts": "all", "vars_prompt": [{"name": "a b"}]}])
    make.playbook_file("site.yml", make.HELLO)
    make.playbook_file("site.yaml", make.HELLO)
    make.playbook_file("sub/Site.yml", make.HELLO)
    make.playbook_file("SUB/site.yml", make.HELLO)
    printed = imported()
    assert counts(printed) == {"added": 2, "refused": 7}
    assert "Refused: broken.yml: Not valid YAML" in printed
    assert "Refused: prompt.yml: variables: a b: not a valid variable name." in printed
    assert "Refused: site.yml: name: There is a playbook of that name already." in printed
    assert "120" in printed
    assert counts(imported())["refused"] == 7


def test_a_dry_run_writes_nothing():
    make.playbook_file("site.yml", make.HELLO)
    printed = imported(dry_run=True)
    assert "Dry run: nothing was written" in printed and counts(printed) == {"added": 1}
    assert registered() == []


def test_a_changed_file_is_said_and_accepted_when_told(boss):
    playbook = make.playbook()
    registered_hash = playbook.file_hash
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    assert counts(imported()) == {"changed on disk": 1}
    assert counts(imported(accept=True, dry_run=True)) == {"accepted": 1}
    playbook.refresh_from_db()
    assert playbook.file_hash == registered_hash
    printed = imported(accept=True)
    assert counts(printed) == {"accepted": 1} and playbook.file_path in printed
    playbook.refresh_from_db()
    assert playbook.file_state == "unchanged"
    line = AuditLog.objects.about(playbook).get()
    assert (line.action, line.actor_name) == ("playbook.file_accepted", "boss")


def test_only_an_admin_accepts(alice):
    playbook = make.playbook()
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    with pytest.raises(CommandError, match="admins can accept"):
        imported(accept=True, user="alice")
    with pytest.raises(CommandError, match="no active admin"):
        imported(accept=True)
    with pytest.raises(CommandError, match="no active user"):
        imported(accept=True, user="mallory")


def test_a_missing_file_is_said_and_its_playbook_stays(boss):
    playbook = make.playbook()
    playbook.path.unlink()
    assert counts(imported()) == {"missing": 1}
    assert counts(imported(accept=True)) == {"missing": 1}
    assert Playbook.objects.filter(pk=playbook.pk).exists()


def test_a_file_that_is_registered_twice_is_looked_at_twice():
    first = make.playbook()
    make.playbook(file_path=first.file_path)
    assert counts(imported()) == {"unchanged": 2}


def test_whoever_registers_is_named(boss):
    make.playbook_file("site.yml", make.HELLO)
    imported(user="boss")
    assert AuditLog.objects.about(Playbook.objects.get(name="site")).get().actor_name == "boss"


def test_without_a_folder_it_says_so(settings, tmp_path):
    settings.PLAYBOOK_ROOT = tmp_path / "gone"
    with pytest.raises(CommandError, match="PLAYBOOK_ROOT"):
        imported()
