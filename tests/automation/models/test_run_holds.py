"""Held runs that are due, and the cost of looking for them."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditLog
from audit.signals import recorded
from automation.models import Run
from tests import make
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


def hold(run: Run) -> Run:
    """Hold the run until a moment ago."""
    run.held_until, run.held_reason = timezone.now() - timedelta(seconds=1), "A freeze."
    run.save(update_fields=["held_until", "held_reason"])
    return run


@pytest.fixture
def held(db) -> Run:
    return hold(make.job().run)


def test_a_deadlock_at_a_release_is_tried_again(held):
    """Of two workers that look at the same moment, one got a deadlock and would have died of it."""
    errors = [OperationalError(1213, "Deadlock found when trying to get lock")]

    def lose_once(action, **told):
        if action == "run.released" and errors:
            raise errors.pop()

    recorded.connect(lose_once, sender=Run)
    try:
        assert Run.objects.wake_next()
    finally:
        recorded.disconnect(lose_once, sender=Run)
    assert AuditLog.objects.about(held).filter(action="run.released").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_several_who_look_at_the_same_moment_releases_it(held, boss):
    cancelled = hold(make.job().run)
    look = Run.objects.wake_next
    at_once([look, lambda: Run.objects.get(pk=cancelled.pk).cancel(boss), look, look])
    assert AuditLog.objects.about(held).filter(action="run.released").count() == 1
    cancelled.refresh_from_db()
    assert cancelled.outcome == "cancelled"
    assert AuditLog.objects.about(cancelled).filter(action="run.finished").count() == 1


def test_what_reads_the_queue_reads_nothing_else(held, alice):
    """Joined to users or playbooks, MariaDB would start there, and read and sort 60,000 runs."""
    make.launch(make.playbook(), alice, [make.server()])
    with CaptureQueriesContext(connection) as queries:
        Run.objects.wake_next()
        Run.objects.claim_next()
    asked = [each["sql"] for each in queries if "ORDER BY" in each["sql"]]
    read = [sql for sql in asked if "held_until" in sql]
    assert len(read) == 3 and not [sql for sql in read if "JOIN" in sql]
