"""The migration that keys tickets by the place of the failing task."""

import hashlib
from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from automation.models import Job
from tests import make
from tests.tickets.test_opening import failed_on
from tickets.models import Ticket, failure_key

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = ("tickets", "0002_ticket_comments")
AFTER = ("tickets", "0003_keys_by_place")


def migrate(target) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([target])


@pytest.fixture
def earlier():
    """The earlier schema, for rows of that time; migrated forward at the end."""
    migrate(BEFORE)
    yield
    migrate(AFTER)


def key_of_old(job: Job) -> str:
    parts = (job.playbook_id, job.server.environment, job.failure_kind)
    what = job.failed_task or job.failure_kind
    return hashlib.sha256("\0".join(map(str, (*parts, what))).encode()).hexdigest()


def failed(name: str, *places: str, **fields) -> Job:
    """A failed job of that time, whose results failed at these places, the last under its name."""
    fields.setdefault("server", make.server(environment="production"))
    job = make.job(status="failed", failed_task=name, **fields)
    make.task_results(job, "ok", path="site.yml:1")
    for place in places:
        make.task_results(job, "failed", path=place, task=name)
    return job


def ticket_for(job: Job, **fields) -> Ticket:
    fields.setdefault("open_key", key_of_old(job))
    ticket = make.ticket(job=job, created_by=job.user, **fields)
    make.occurrence(ticket, job)
    return ticket


def stored() -> dict[int, tuple[str, str | None]]:
    return {
        pk: (status, key)
        for pk, status, key in Ticket.objects.values_list("pk", "status", "open_key")
    }


def test_a_job_learns_the_place_from_its_result(earlier):
    named, other = failed("Restart tn1", "site.yml:12"), failed("Restart tn1")
    make.task_results(other, "failed", path="site.yml:7", task="Restarted in other words")
    make.task_results(other, "failed", path="site.yml:9", task="Clean up")
    unreachable = make.job(status="failed", failure_kind="unreachable", failed_task="Gather")
    make.task_results(unreachable, "unreachable", path="site.yml:1", task="Gather")
    silent = make.job(status="failed", failure_kind="deadline", failed_task="")
    make.task_results(silent, "failed", path="site.yml:3")
    for job in (named, other, unreachable, silent):
        ticket_for(job)
    migrate(AFTER)
    places = dict(Job.objects.values_list("pk", "failed_place"))
    assert places == {
        named.pk: "site.yml:12",
        other.pk: "site.yml:7",
        unreachable.pk: "site.yml:1",
        silent.pk: "",
    }


def test_the_result_of_the_failing_task_counts_and_not_an_earlier_one(earlier):
    job = failed("Restart")
    make.task_results(job, "failed", path="site.yml:5", task="Another")
    make.task_results(job, "failed", path="site.yml:6", task="Restart")
    ticket_for(job)
    migrate(AFTER)
    job.refresh_from_db()
    assert job.failed_place == "site.yml:6"


def test_a_ticket_that_was_open_takes_the_failure_of_another_server(earlier):
    job = failed("Restart tn1", "site.yml:12")
    ticket = ticket_for(job)
    migrate(AFTER)
    failed_on(job.server, "Restart tn2", "site.yml:12", playbook=job.playbook)
    assert Ticket.objects.get() == ticket
    assert ticket.occurrences.count() == 2


def test_of_several_tickets_for_one_task_the_oldest_keeps_the_failure(earlier):
    first = failed("Restart tn1", "site.yml:12")
    second = failed("Restart tn2", "site.yml:12", playbook=first.playbook)
    elsewhere = failed("Restart tn2", "site.yml:20", playbook=first.playbook)
    older, newer = ticket_for(first), ticket_for(second, status="in_progress")
    newer_occurrence = newer.occurrences.get()
    other = ticket_for(elsewhere, open_key="another key")
    migrate(AFTER)
    for job in (first, elsewhere):
        job.refresh_from_db()
    assert stored() == {
        older.pk: ("open", failure_key(first)),
        newer.pk: ("in_progress", None),
        other.pk: ("open", failure_key(elsewhere)),
    }
    assert newer.occurrences.get() == newer_occurrence


def test_what_has_no_key_or_no_place_stays_as_it_is(earlier, alice):
    by_hand = make.ticket()
    resolved = ticket_for(failed("Restart", "site.yml:12"), status="resolved", open_key=None)
    unknown = ticket_for(failed("Restart"))
    reopened = ticket_for(failed("Restart", "site.yml:1"), open_key=None)
    before = stored()
    migrate(AFTER)
    assert stored() == before
    resolved.reopen(alice)
    assert resolved.open_key == failure_key(Job.objects.get(tickets=resolved))
    assert Job.objects.get(tickets=resolved).failed_place == "site.yml:12"
    assert {by_hand.pk, unknown.pk, reopened.pk} <= before.keys()


def test_it_may_be_repeated_and_taken_back(earlier):
    first = failed("Restart tn1", "site.yml:12")
    second = failed("Restart tn2", "site.yml:12", playbook=first.playbook)
    older, newer = ticket_for(first), ticket_for(second)
    before = stored()
    migrate(AFTER)
    after = stored()
    migrate(BEFORE)
    assert stored() == before
    migrate(AFTER)
    assert stored() == after
    assert after[older.pk][1] and after[newer.pk][1] is None


def test_slices_leave_nothing_out(earlier, monkeypatch):
    monkeypatch.setattr(import_module("tickets.migrations.0003_keys_by_place"), "ROWS_AT_ONCE", 2)
    playbook = make.playbook()
    jobs = [
        failed(f"Task {number}", f"site.yml:{number}", playbook=playbook) for number in range(1, 6)
    ]
    for job in jobs:
        ticket_for(job)
    migrate(AFTER)
    for job in jobs:
        job.refresh_from_db()
        assert job.occurrence.ticket.open_key == failure_key(job)
