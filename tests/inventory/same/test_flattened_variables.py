"""Which servers have copies of their groups' variables, and where these can be read again."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from inventory.ansible.reading import read
from inventory.importing import import_inventory
from inventory.models import Server
from tests import make

from .shapes import write

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

FILES = {
    "hosts": "[web]\nweb1 own=1\nWeb2\n[web:vars]\nport=80\nown=2\n",
    "group_vars/all.yml": "region: eu\napi_token: s3cret\n",
}


def told(*paths: Path) -> str:
    out = StringIO()
    call_command("flattened_variables", *paths, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def earlier() -> None:
    """As an earlier release has imported FILES, and another inventory that is gone."""
    flat = {"port": 80, "region": "eu", "api_token": "s3cret"}
    make.server(hostname="web1", variables={**flat, "own": 1}, tags={"groups": ["web"]})
    make.server(hostname="web2", variables={**flat, "port": 8080}, tags={"groups": ["web"]})
    gone = [make.server(hostname=f"db{n}", variables={"port": 5432, "n": n}) for n in range(2)]
    make.group("db", *gone)
    make.server(hostname="by-hand", variables={"x": 1})


def test_copies_are_found_in_the_inventories_of_playbooks(earlier):
    path = write(Path(settings.PLAYBOOK_ROOT) / "shop", FILES)
    script = write(Path(settings.PLAYBOOK_ROOT) / "other", {"hosts.sh": "#!/bin/sh\ntouch ran\n"})
    assert told().splitlines() == [
        f"In {path}:",
        "  api_token: web1 and web2",
        "  port: web1",
        "  region: web1 and web2",
        f"  To fix: manage.py import_inventory {path}",
        "In no inventory that was read, but the same on all of db:",
        "  port: db0 and db1",
    ]
    assert not (script.parent / "ran").exists()


def test_a_given_inventory_is_read_and_one_that_cannot_be_is_named(earlier, tmp_path):
    path = write(tmp_path / "shop", FILES)
    text = told(path, tmp_path / "missing")
    assert f"In {path}:" in text
    assert f"Cannot be read: {tmp_path / 'missing'}: There is no" in text


def test_after_the_import_there_are_none(earlier, tmp_path):
    path = write(tmp_path / "shop", FILES)
    import_inventory(read(path))
    Server.objects.filter(hostname__startswith="db").delete()
    assert told(path).splitlines() == ["No server has copies of its groups' variables."]
    # What was changed here is no copy, and stays.
    assert Server.objects.get(hostname="web2").variables["port"] == 8080
