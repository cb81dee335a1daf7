"""What becomes secret, or was, is masked on both sides: in plans, API, command and audit."""

import json

import pytest

from audit.models import AuditLog
from tests import make
from tests.inventory.sources.test_source_syncs import checked, rewrite, synced

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BECOMES_SECRET = "web1 motto=hunter3 infraops_secret_variables=motto\n"
VAULTED = """all:
  hosts:
    web1:
      motto: !vault |
        $ANSIBLE_VAULT;1.1;AES256
        3030
"""


def stored(source) -> str:
    lines = [line.details for line in AuditLog.objects.filter(action__endswith=".updated")]
    return json.dumps([source.plan, lines])


def test_a_value_that_becomes_secret_is_masked_before_and_after(boss, api_of) -> None:
    source = synced(make.source("web1 motto=hunter3\n"), boss)
    rewrite(source, BECOMES_SECRET)
    source = checked(source, boss)
    assert "motto" in stored(source) and "hunter3" not in stored(source)
    shown = api_of(boss).get(f"/api/inventory-sources/{source.pk}").json()
    assert "hunter3" not in json.dumps(shown)
    source = synced(source, boss)
    assert "motto" in stored(source) and "hunter3" not in stored(source)


def test_a_value_that_becomes_vaulted_is_masked_before(boss) -> None:
    source = make.source("all: {hosts: {web1: {motto: hunter3}}}\n", path="inventories/v.yml")
    source = synced(source, boss)
    rewrite(source, VAULTED)
    source = synced(checked(source, boss), boss)
    assert "motto" in stored(source) and "hunter3" not in stored(source)


def test_a_file_that_becomes_vaulted_is_masked_before(boss) -> None:
    source = make.source("web1\n", path="masked/hosts")
    file = make.playbook_file("masked/group_vars/all.yml", "motto: hunter3\n")
    source = synced(source, boss)
    file.write_text("$ANSIBLE_VAULT;1.1;AES256\n3030\n")
    source = synced(checked(source, boss), boss)
    assert "all.yml" in stored(source) and "hunter3" not in stored(source)


def test_a_value_in_a_file_that_becomes_secret_is_masked_before(boss) -> None:
    source = make.source("web1\n", path="masked/hosts")
    file = make.playbook_file("masked/host_vars/web1.yml", "login: {word: hunter3, at: 1}\n")
    source = synced(source, boss)
    file.write_text("login:\n  word: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3030\n  at: 1\n")
    source = synced(checked(source, boss), boss)
    assert "login" in stored(source) and "hunter3" not in stored(source)
