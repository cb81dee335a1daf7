"""/api/inventory-sources."""

import pytest

from inventory.models import InventorySource, Server
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

URL = "/api/inventory-sources"


def test_an_admin_makes_one_and_syncs_it(api_of, boss, alice, bob):
    make.playbook_file("inventories/prod.ini", "web1 port=80 db_password=hunter2\n")
    body = {"name": "prod", "path": "./inventories//prod.ini", "environment": "Production"}
    assert api_of(alice).post(URL, body).status_code == 403
    made = api_of(boss).post(URL, body)
    assert made.status_code == 201, made.json()
    shown = made.json()
    assert (shown["path"], shown["environment"]) == ("inventories/prod.ini", "production")
    sync = f"{URL}/{shown['id']}/sync"
    assert api_of(alice).post(sync).status_code == 403
    dry = api_of(boss).post(sync, {"dry_run": True})
    assert dry.status_code == 200 and not Server.objects.exists()
    differences = {each["name"]: each for each in dry.json()["differences"]}
    assert differences["port"]["after"] == 80
    assert differences["db_password"]["after"] == "********"
    done = api_of(boss).post(sync, {"expect": dry.json()["digest"]})
    assert done.json()["counts"]["added"] == 1
    assert api_of(bob).get(f"{URL}/{shown['id']}").json()["state"] == "synced"
    assert api_of(boss).post(sync).json()["is_skipped"]
    refused = api_of(boss).post(sync, {"expect": "x"})
    assert refused.status_code == 409 and "changed since" in str(refused.json())


def test_an_upload_is_kept_encrypted_and_not_shown(api_of, boss):
    body = {"name": "up", "kind": "upload", "format": "ini", "content": "web1 token=hunter2\n"}
    made = api_of(boss).post(URL, body)
    assert made.status_code == 201, made.json()
    assert "hunter2" not in str(made.json())
    assert "hunter2" not in InventorySource.objects.get().content
    done = api_of(boss).post(f"{URL}/{made.json()['id']}/sync")
    assert done.json()["counts"]["added"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"path": "../etc"}, "path"),
        ({"path": "gone"}, "path"),
        ({"kind": "upload", "content": "x"}, "format"),
        ({"path": "x.ini", "syncs": "by_interval"}, "interval_minutes"),
        ({"path": "x.ini", "pass_environment": ["SECRET_KEY"]}, "pass_environment"),
        ({"path": "x.ini", "interval_minutes": 0, "syncs": "by_interval"}, "interval_minutes"),
    ],
)
def test_what_cannot_be_is_refused(api_of, boss, body, field):
    make.playbook_file("x.ini", "web1\n")
    answer = api_of(boss).post(URL, {"name": "x", **body})
    assert answer.status_code == 400 and field in answer.json()["fields"], answer.json()


def test_a_script_does_not_run_in_a_web_process(api_of, boss):
    source = make.source("#!/bin/sh\necho '{}'\n")
    answer = api_of(boss).post(f"{URL}/{source.pk}/sync")
    assert answer.status_code == 409 and "worker" in str(answer.json())


def test_what_cannot_be_read_is_said(api_of, boss):
    source = make.source('web1 x="\n')
    answer = api_of(boss).post(f"{URL}/{source.pk}/sync", {"dry_run": True})
    assert answer.status_code == 409 and "quotation" in str(answer.json())
