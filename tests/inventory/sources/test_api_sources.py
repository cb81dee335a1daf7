"""/api/inventory-sources."""

import pytest

from inventory.models import InventorySource, Server
from inventory.syncing.tasks import sync_if_asked
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
    asked = api_of(boss).post(sync, {"dry_run": True})
    assert (asked.status_code, asked.json()["progress"]) == (202, "queued")
    again = api_of(boss).post(sync)
    assert again.status_code == 409 and "already under way" in again.json()["detail"]
    sync_if_asked(shown["id"])
    plan = api_of(bob).get(f"{URL}/{shown['id']}").json()["plan"]
    assert plan["dry_run"] and not Server.objects.exists()
    values = {value["name"]: value for row in plan["rows"] for value in row["values"]}
    assert values["port"]["after"] == "80"
    assert values["db_password"]["after"] == "********"
    refused = api_of(boss).post(sync, {"expect": "x"})
    assert refused.status_code == 409 and "changed since" in refused.json()["detail"]
    assert api_of(boss).post(sync, {"expect": plan["digest"]}).status_code == 202
    sync_if_asked(shown["id"])
    done = api_of(bob).get(f"{URL}/{shown['id']}").json()
    assert (done["state"], done["progress"]) == ("synced", "idle")
    assert done["plan"]["counts"]["added"] == 1
    api_of(boss).post(sync)
    sync_if_asked(shown["id"])
    assert api_of(bob).get(f"{URL}/{shown['id']}").json()["plan"]["is_skipped"]


def test_an_upload_is_kept_encrypted_and_not_shown(api_of, boss):
    body = {"name": "up", "kind": "upload", "format": "ini", "content": "web1 token=hunter2\n"}
    made = api_of(boss).post(URL, body)
    assert made.status_code == 201, made.json()
    assert "hunter2" not in str(made.json())
    source = InventorySource.objects.get()
    assert "hunter2" not in source.content
    api_of(boss).post(f"{URL}/{source.pk}/sync")
    sync_if_asked(source.pk)
    shown = api_of(boss).get(f"{URL}/{source.pk}").json()
    assert shown["plan"]["counts"]["added"] == 1 and "hunter2" not in str(shown)


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


def test_a_script_does_not_run_in_a_web_process(api_of, boss, tmp_path):
    ran = tmp_path / "ran"
    source = make.source(f"#!/bin/sh\ntouch {ran}\necho '{{}}'\n")
    assert api_of(boss).post(f"{URL}/{source.pk}/sync").status_code == 202
    assert not ran.exists()
    sync_if_asked(source.pk)
    assert ran.exists()


def test_what_cannot_be_read_is_said(api_of, boss):
    source = make.source('web1 x="\n')
    api_of(boss).post(f"{URL}/{source.pk}/sync", {"dry_run": True})
    sync_if_asked(source.pk)
    plan = api_of(boss).get(f"{URL}/{source.pk}").json()["plan"]
    assert "quotation" in plan["error"] and plan["digest"] == ""


def test_an_upload_that_is_no_inventory_is_refused(api_of, boss):
    body = {"name": "up", "kind": "upload", "format": "ini", "content": "w1\0\n"}
    assert api_of(boss).post(URL, body).status_code == 400


@pytest.mark.parametrize("path", ["a" * 300, "x/" + "b" * 260, "x\0y", "a\nb"])
def test_a_path_that_no_file_can_have_gets_an_error(api_of, boss, path):
    answer = api_of(boss).post(URL, {"name": "prod", "path": path})
    assert answer.status_code == 400, answer.json()
    assert "path" in answer.json()["fields"]
