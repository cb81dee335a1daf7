"""A launch is a single value, which every way in builds and which can be stored."""

from dataclasses import fields, replace

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection

from audit.models import AuditLog
from automation import launching
from automation.launching import Choice, Launch, Origin
from automation.launching.launch_fields import LaunchFields
from automation.launching.launches import Options
from automation.models import Run
from automation.models.options import OPTIONS
from inventory.choosing import CHOSEN_BY
from schema.exceptions import Refused
from tests import make

pytestmark = pytest.mark.django_db

SECRET = {"version": {"type": "string"}, "password": {"type": "string", "secret": True}}


@pytest.fixture
def fleet(db):
    return [make.server(hostname=f"web{number}", environment="staging") for number in (1, 2)]


def test_it_has_a_field_for_each_option_and_each_way_to_choose() -> None:
    assert {each.name for each in fields(Options)} == set(OPTIONS)
    assert tuple(each.name for each in fields(Choice)) == CHOSEN_BY


def test_a_choice_is_looked_up_when_it_is_launched(alice, fleet) -> None:
    launch = Launch(playbook=make.playbook(), servers=Choice(environment="staging"))
    run, is_new = launching.launch(alice, launch)
    assert is_new and [job.server for job in run.jobs.order_by("id")] == fleet


def test_a_choice_of_nobody_is_refused_by_what_chose(alice, fleet) -> None:
    launch = Launch(playbook=make.playbook(), servers=Choice(environment="staging", tag="db"))
    with pytest.raises(ValidationError) as error:
        launching.launch(alice, launch)
    said = ["No active server matches."]
    assert error.value.message_dict == {"environment": said, "tag": said}


def test_a_key_that_comes_again_is_told_from_a_new_launch(alice, fleet) -> None:
    launch = Launch(playbook=make.playbook(), servers=fleet, idempotency_key="k")
    first, second = launching.launch(alice, launch), launching.launch(alice, launch)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.run == second.run


def test_origin_and_reason_are_recorded(alice, fleet) -> None:
    launch = Launch(playbook=make.playbook(), servers=fleet)
    person = launching.launch(alice, launch).run
    assert AuditLog.objects.about(person).get().details.keys().isdisjoint({"origin", "reason"})

    origin = Origin(Origin.Kind.SCHEDULE, 7)
    run = launching.launch(alice, replace(launch, origin=origin, reason="Nightly")).run
    details = AuditLog.objects.about(run).get().details
    assert (details["origin"], details["reason"]) == ({"kind": "schedule", "id": 7}, "Nightly")


def test_a_launch_by_api_key_names_the_key(client, alice, fleet) -> None:
    key, token = make.api_key(alice)
    body = {"playbook_id": make.playbook().pk, "server_id": fleet[0].pk}
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post("/api/jobs", body, content_type="application/json", headers=headers)
    assert answer.status_code == 201
    details = AuditLog.objects.get(action="run.launched").details
    assert details["origin"] == {"kind": "api_key", "id": key.pk}


# --- The expected digest --------------------------------------------------------------------------


def test_the_digest_is_the_same_for_the_same_intention(alice, fleet) -> None:
    playbook = make.playbook(variables=SECRET)
    values = {"version": "1", "password": "s3cret"}
    launch = Launch(playbook=playbook, servers=fleet, extra_vars=values)
    again = replace(launch, servers=fleet[::-1], check_mode=False)
    digests = {launching.rehearse(alice, each).digest for each in (launch, again)}
    assert len(digests) == 1 and len(digests.pop()) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"extra_vars": {"version": "2"}},
        {"check_mode": True},
        {"forks": 6},
        {"servers": Choice(search="web1")},
    ],
)
def test_another_intention_than_was_shown_is_refused(alice, fleet, change) -> None:
    launch = Launch(playbook=make.playbook(variables=SECRET), servers=fleet)
    shown = launching.rehearse(alice, launch).digest
    with pytest.raises(Refused, match="what would run has changed"):
        launching.launch(alice, replace(launch, expect=shown, **change))
    assert not Run.objects.exists()
    assert launching.launch(alice, replace(launch, expect=shown)).is_new


# --- Stored launches ------------------------------------------------------------------------------


@pytest.fixture
def kept(transactional_db):
    """A stored model of launches, with a table that exists during the test."""

    class KeptLaunch(LaunchFields):
        class Meta:
            app_label = "automation"

    with connection.schema_editor() as editor:
        editor.create_model(KeptLaunch)
    yield KeptLaunch
    with connection.schema_editor() as editor:
        editor.delete_model(KeptLaunch)
    for name in ("keptlaunch", "keptlaunch_servers"):
        del apps.all_models["automation"][name]
    apps.clear_cache()


@pytest.mark.django_db(transaction=True)
def test_a_launch_is_kept_and_comes_back(kept, alice) -> None:
    fleet = [make.server(hostname=f"web{number}") for number in (1, 2)]
    playbook = make.playbook(variables=SECRET)
    values = {"version": "1", "password": "s3cret"}
    launch = Launch(
        playbook=playbook,
        servers=fleet,
        extra_vars=values,
        credential=make.credential(),
        check_mode=True,
        tags="web",
    )
    row = kept()
    row.keep(launch)

    assert "s3cret" not in str(kept.objects.values())
    again = kept.objects.get().to_launch()
    assert (again.playbook, again.servers, again.extra_vars) == (playbook, fleet, values)
    assert (again.credential, again.check_mode, again.tags) == (launch.credential, True, "web")
    digests = {launching.rehearse(alice, each).digest for each in (launch, again)}
    assert len(digests) == 1

    row.keep(replace(launch, servers=Choice(tag="web"), tags=None))
    again = kept.objects.get().to_launch()
    assert (again.servers, again.tags, again.forks) == (Choice(tag="web"), "", 5)
