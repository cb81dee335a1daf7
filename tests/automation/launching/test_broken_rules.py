"""Rules of other apps that return nonsense or damage their surroundings."""

from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import timezone as datetime_timezone

import pytest
from django.db import transaction
from django.utils import timezone

from automation.models import Level, Run, Violation
from automation.signals import launch_checked
from inventory.models import Server
from schema.exceptions import Refused
from tests import make

pytestmark = pytest.mark.django_db

SAID = "The release “Atlas” is being rehearsed here."


@contextmanager
def asked(receiver):
    launch_checked.connect(receiver)
    try:
        yield
    finally:
        launch_checked.disconnect(receiver)


@pytest.fixture
def web(db):
    return make.server(hostname="web1")


@pytest.fixture
def deploy(db):
    return make.playbook(name="Deploy")


NONSENSE = {
    "nothing in a list": [None],
    "an object": {"rule": "freeze"},
    "a text": "No!",
    "no list": Violation("freeze", Level.HARD, SAID),
    "true": True,
    "a class": [Violation],
    "an unknown level": [Violation("freeze", "severe", SAID)],  # type: ignore[arg-type]
    "a time of no zone": [Violation("freeze", Level.HARD, SAID, datetime(2030, 1, 1))],  # noqa: DTZ001
    "a day": [Violation("freeze", Level.HARD, SAID, date(2030, 1, 1))],  # type: ignore[arg-type]
    "no words": [Violation("freeze", Level.HARD, None)],  # type: ignore[arg-type]
    "no name": [Violation(None, Level.HARD, SAID)],  # type: ignore[arg-type]
    "half of a character": [Violation("freeze", Level.HARD, "\ud800")],
    "an error of its own": [Violation("freeze", Level.HARD, SAID, error=KeyError("x"))],
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_means_nothing_is_a_refusal_wherever_it_is_asked_for(
    answer, alice, boss, deploy, web
):
    waiting = make.launch(deploy, alice, [web])
    with asked(lambda **kwargs: answer):
        with pytest.raises(Refused, match="A check of “tests” failed with an error"):
            make.launch(deploy, boss, [web], reason="Urgent")
        assert Run.objects.claim_next() is None
    waiting.refresh_from_db()
    assert waiting.cancel_reason.startswith("A check of “tests” failed with an error")


@pytest.mark.parametrize("offset", [-14, 0, 14])
def test_an_end_after_all_calendars_is_one_in_a_year(alice, api_of, deploy, web, offset):
    """The run is held and checked again, and no page fails to show it."""
    zone = datetime_timezone(timedelta(hours=offset))
    frozen = Violation("freeze", Level.HARD, SAID, datetime.max.replace(tzinfo=zone))
    body = {"playbook_id": deploy.pk, "server_id": web.pk}
    with asked(lambda **kwargs: [frozen]):
        assert api_of(alice).post("/api/jobs", body | {"dry_run": True}).status_code == 200
        run = make.launch(deploy, alice, [web])
    run.refresh_from_db()
    assert run.is_held and run.held_until < timezone.now() + timedelta(days=366)


def break_inside(**kwargs):
    """A rule that breaks its transaction, with a useless savepoint."""
    make.server(hostname="written by a rule", ip_address="192.0.2.9")
    with transaction.atomic(savepoint=False):
        make.server(hostname="written by a rule", ip_address="192.0.2.9")


def test_a_rule_that_spoils_the_claims_transaction_spoils_its_own_only(alice, deploy, web):
    first = make.launch(deploy, alice, [web])

    def only_the_first(run, **kwargs):
        if run == first:
            break_inside()

    with asked(only_the_first):
        second = make.launch(deploy, alice, [make.server()])
        assert Run.objects.claim_next() == second
    first.refresh_from_db()
    assert (first.outcome, first.cancel_reason[:18]) == ("cancelled", "A check of “tests”")
    assert not Server.objects.filter(hostname="written by a rule").exists()
