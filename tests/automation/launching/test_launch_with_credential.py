"""Choosing a credential at a launch: in the form, the API and the command, by those who may."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.permissions import permissions_of
from automation.models import Run
from tests import make
from tests.automation.sending import send_launch

LAUNCH = reverse("automation:job_launch")

pytestmark = pytest.mark.django_db


@pytest.fixture
def named():
    return make.credential(name="prod", ssh_password="hunter2")


def form(**more):
    playbook, server = make.playbook(), make.server(host_key=make.HOST_KEY)
    chosen = {"playbook": playbook.pk, "servers": [server.pk], "verbosity": 0, "forks": 5}
    return {**chosen, "key": "a-key", "extra_vars": "{}", **more}


def test_the_form_offers_active_ones_that_the_role_may_use(client_of, alice, named):
    make.credential(name="asleep", is_active=False)
    make.credential(name="for admins", roles=[])
    page = client_of(alice).get(LAUNCH).content.decode()
    assert ">prod</option>" in page
    assert "asleep" not in page and "for admins" not in page


def test_the_form_launches_with_one_and_the_job_says_which(client_of, alice, named):
    client = client_of(alice)
    answer = send_launch(client, form(credential=named.pk), follow=True)
    assert Run.objects.get().credential == named
    page = answer.content.decode()
    assert "Credential" in page and "prod" in page and "hunter2" not in page


def test_the_form_without_one_leaves_it_to_the_servers(client_of, alice, named):
    send_launch(client_of(alice), form(credential=""))
    assert Run.objects.get().credential is None


def test_the_api_takes_one(api_of, alice, named):
    server = make.server(host_key=make.HOST_KEY)
    given = {"playbook_id": make.playbook().pk, "server_id": server.pk}
    client = api_of(alice)
    response = client.post("/api/jobs", given | {"credential_id": named.pk})
    assert response.status_code == 201
    assert response.json()["credential_id"] == named.pk
    unknown = client.post("/api/jobs", given | {"credential_id": 999})
    assert unknown.json()["fields"]["credential_id"] == ["There is no credential 999."]


def test_a_key_with_another_credential_is_another_launch(api_of, alice, named):
    given = {"playbook_id": make.playbook().pk, "server_id": make.server().pk}
    client, key = api_of(alice), {"Idempotency-Key": "k"}
    assert client.post("/api/jobs", given, headers=key).status_code == 201
    other = client.post("/api/jobs", given | {"credential_id": named.pk}, headers=key)
    assert other.status_code == 409


def test_an_inactive_one_is_409(api_of, alice):
    off = make.credential(is_active=False)
    given = {"playbook_id": make.playbook().pk, "server_id": make.server().pk}
    response = api_of(alice).post("/api/jobs", given | {"credential_id": off.pk})
    assert response.status_code == 409
    assert "is inactive" in response.json()["detail"]


def test_the_command_takes_one_by_its_name(alice, named):
    playbook, server = make.playbook(name="Deploy"), make.server(host_key=make.HOST_KEY)
    where = {"server": [server.hostname], "user": "alice", "no_wait": True}
    call_command("run_playbook", "Deploy", credential="prod", **where)
    assert Run.objects.get(playbook=playbook).credential == named
    with pytest.raises(CommandError, match="There are: prod"):
        call_command("run_playbook", "Deploy", credential="test", **where)


def test_whoever_may_not_use_one_may_not_name_one(alice, named, monkeypatch):
    others = permissions_of("operator") - {"inventory.use_credential"}
    monkeypatch.setattr("accounts.models.users.permissions_of", lambda role: others)
    playbook = make.playbook()
    server = make.server(credential=named, host_key=make.HOST_KEY)
    with pytest.raises(PermissionDenied, match="does not allow choosing credentials"):
        make.launch(playbook, alice, [server], credential=named)
    # A server's own credential, assigned by an admin, is a different matter.
    assert make.launch(playbook, alice, [server]).credential is None


def test_a_relaunch_begins_with_the_same(client_of, alice, named):
    job = make.job(run=make.run(credential=named))
    page = client_of(alice).get(LAUNCH, {"job": job.job_id}).content.decode()
    assert f'<option value="{named.pk}" selected>prod</option>' in page
