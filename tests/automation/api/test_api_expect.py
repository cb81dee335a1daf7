"""`expect`: a launch through the API runs what was rehearsed, or nothing."""

import pytest

from automation.models import Run
from tests import make

URL = "/api/jobs"


@pytest.fixture
def staging(db):
    make.server(hostname="web1", environment="staging")
    return {"playbook_id": make.playbook().pk, "environment": "staging"}


@pytest.fixture
def ended(db, alice):
    servers = [make.server(hostname=name) for name in ("one", "two")]
    run = make.launch(make.playbook(variables={"version": {"default": "1"}}), alice, servers)
    run.cancel(alice)
    return run


def rehearsed(client, path, body):
    answer = client.post(path, body | {"dry_run": True})
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_what_was_rehearsed_is_launched(api_of, alice, staging):
    client = api_of(alice)
    digest = rehearsed(client, URL, staging)["digest"]
    answer = client.post(URL, staging | {"expect": digest})
    assert answer.status_code == 201
    assert [job["server"] for job in answer.json()["jobs"]] == ["web1"]


def test_anything_else_is_409_with_the_new_rehearsal(api_of, alice, staging):
    client = api_of(alice)
    digest = rehearsed(client, URL, staging)["digest"]
    make.server(hostname="web2", environment="staging")
    answer = client.post(URL, staging | {"expect": digest})
    assert answer.status_code == 409
    said = answer.json()
    assert said["detail"].startswith("Nothing was launched: what would run has changed")
    assert said["fields"] == {}
    assert said["rehearsal"]["servers"] == ["web1", "web2"]
    assert said["rehearsal"]["violations"] == []
    assert not Run.objects.exists()
    assert client.post(URL, staging | {"expect": said["rehearsal"]["digest"]}).status_code == 201


def test_a_rehearsal_compares_as_well(api_of, alice, staging):
    answer = api_of(alice).post(URL, staging | {"expect": "0" * 64, "dry_run": True})
    assert answer.status_code == 409 and len(answer.json()["rehearsal"]["digest"]) == 64


@pytest.mark.parametrize("value", ["", "abc", "Z" * 64, None, 1])
def test_what_is_no_digest_is_400(api_of, alice, staging, value):
    answer = api_of(alice).post(URL, staging | {"expect": value})
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["expect"]


def test_other_refusals_have_no_rehearsal(api_of, alice, staging):
    make.server(hostname="old", is_active=False)
    body = {"playbook_id": make.playbook(is_active=False).pk, "environment": "staging"}
    answer = api_of(alice).post(URL, body | {"expect": "0" * 64})
    assert answer.status_code == 409 and "rehearsal" not in answer.json()


@pytest.mark.parametrize("of", ["runs", "jobs"])
def test_a_relaunch_is_rehearsed_and_expected_alike(api_of, alice, ended, of):
    client = api_of(alice)
    key = ended.pk if of == "runs" else ended.jobs.first().job_id
    path = f"/api/{of}/{key}/relaunch"
    shown = rehearsed(client, path, {})
    assert shown["servers"] == ["one", "two"] and Run.objects.count() == 1
    ended.playbook.variables = {"version": {"default": "2"}, "size": {"default": "s"}}
    ended.playbook.save()
    answer = client.post(path, {"expect": shown["digest"]})
    assert answer.status_code == 409
    assert answer.json()["rehearsal"]["extra_vars"] == {"version": "1", "size": "s"}
    assert Run.objects.count() == 1
    digest = answer.json()["rehearsal"]["digest"]
    assert client.post(path, {"expect": digest}).status_code == 201


def test_a_known_key_is_answered_whatever_is_expected(api_of, alice, staging):
    client = api_of(alice)
    first = client.post(URL, staging, headers={"Idempotency-Key": "k"})
    again = client.post(URL, staging | {"expect": "0" * 64}, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 200)


def test_it_is_documented(api_of, alice):
    schema = api_of(alice).get("/api/schema?format=json").json()
    for path in ("/api/jobs", "/api/jobs/{job_id}/relaunch", "/api/runs/{id}/relaunch"):
        post = schema["paths"][path]["post"]
        said = post["responses"]["409"]["content"]["application/json"]["schema"]["$ref"]
        assert said.endswith("/PlanChanged")
        taken = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        body = schema["components"]["schemas"][taken.rsplit("/", 1)[1]]
        assert {"expect", "dry_run"} <= body["properties"].keys()
