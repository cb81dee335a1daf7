"""A failed job opens a ticket, inside the transaction that ends the job."""

import pytest
from django.db import transaction

from audit.models import AuditLog
from automation.models import Job, Outcome, Playbook
from schema.retrying import insisting
from tests import make
from tests.at_once import at_once
from tickets.models import Ticket, TicketOccurrence

pytestmark = pytest.mark.django_db

Kind = Job.FailureKind
FAILED = Outcome.failed(Kind.TASK_FAILED, "no space left on device", failed_task="Copy the files")
UNREACHABLE = Outcome.failed(Kind.UNREACHABLE, "Connection refused")


def ended(outcome: Outcome = FAILED, *lines: str, **fields) -> Job:
    """A running job that has just ended like this."""
    job = make.job(status=Job.Status.RUNNING, **fields)
    make.log_lines(job, *lines)
    assert job.run.finish({job.pk: outcome}, outcome, exit_code=2)
    job.refresh_from_db()
    return job


def production(**fields):
    return make.server(environment="production", **fields)


def lines_about(ticket: Ticket) -> list[str]:
    return list(AuditLog.objects.about(ticket).order_by("id").values_list("action", flat=True))


def test_a_failure_opens_a_ticket_that_says_what_happened(alice):
    printed = [f"line {n}" for n in range(1, 30)] + ["\x1b[0;31mfatal: [web1]: FAILED!\x1b[0m"]
    job = ended(FAILED, *printed, server=production(hostname="web1"), user=alice)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.priority, ticket.job) == ("open", "high", job)
    assert (ticket.created_by, ticket.assigned_to, ticket.resolved_at) == (alice, None, None)
    assert ticket.title == f"{job.playbook} failed in production: Copy the files"
    for part in ("web1", "alice", "Copy the files", "no space left", "fatal: [web1]", "line 29"):
        assert part in ticket.description
    assert f"/jobs/{job.job_id}/" in ticket.description
    assert "\x1b" not in ticket.description
    assert "line 9" not in ticket.description.splitlines()
    assert list(ticket.occurrences.values_list("job", flat=True)) == [job.pk]
    assert lines_about(ticket) == ["ticket.opened"]
    assert AuditLog.objects.about(ticket).get().details["job"] == str(job.job_id)


@pytest.mark.parametrize(
    ("environment", "priority"),
    [("production", "high"), ("staging", "medium"), ("development", "low"), ("lab", "low")],
)
def test_the_environment_says_how_urgent_it_is(environment, priority):
    ended(server=make.server(environment=environment))
    assert Ticket.objects.get().priority == priority


@pytest.mark.parametrize(
    "outcome",
    [Outcome.failed(kind, f"because of {kind}") for kind in Kind if kind is not Kind.TASK_FAILED],
)
def test_every_kind_of_failure_opens_one(outcome):
    ended(outcome)
    ticket = Ticket.objects.get()
    assert Kind(outcome.failure_kind).label in ticket.title
    assert outcome.error_message in ticket.description


@pytest.mark.parametrize("outcome", [Outcome(Job.Status.SUCCESS), Outcome.cancelled("by alice")])
def test_nothing_else_opens_one(outcome):
    ended(outcome)
    assert not Ticket.objects.exists()


def test_one_transaction_ends_the_job_and_opens_the_ticket():
    job = make.job(status=Job.Status.RUNNING)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert job.run.finish({}, FAILED)
        assert Ticket.objects.exists()
        raise ZeroDivisionError
    job.refresh_from_db()
    assert job.status == "running"
    assert not Ticket.objects.exists()


def test_the_same_failure_again_is_an_occurrence():
    first = ended(server=production())
    second = ended(server=production(), playbook=first.playbook)
    ticket = Ticket.objects.get()
    assert set(ticket.occurrences.values_list("job", flat=True)) == {first.pk, second.pk}
    assert ticket.job == first
    assert lines_about(ticket) == ["ticket.opened", "ticket.occurred_again"]


def test_five_hundred_hosts_of_one_run_make_one_ticket():
    run = make.run(state="running", claim_token="t")
    jobs = [make.job(run=run, status=Job.Status.RUNNING) for _ in range(5)]
    assert run.finish({}, UNREACHABLE)
    assert Ticket.objects.get().occurrences.count() == len(jobs)


def test_another_failure_is_another_ticket():
    first = ended(server=production())
    playbook: Playbook = first.playbook
    other_task = Outcome.failed(Kind.TASK_FAILED, "x", failed_task="Restart")
    ended(server=make.server(environment="staging"), playbook=playbook)
    ended(other_task, server=production(), playbook=playbook)
    ended(UNREACHABLE, server=production(), playbook=playbook)
    ended(server=production())
    assert Ticket.objects.count() == 5


def failed_on(server, name: str, place: str = "web/site.yml:12", **fields) -> Job:
    """A failed task whose name was templated for the server."""
    outcome = Outcome.failed(Kind.TASK_FAILED, "x", failed_task=name, failed_place=place)
    return ended(outcome, server=server, **fields)


def test_a_task_whose_name_was_filled_in_for_each_server_is_one_ticket():
    first = failed_on(production(hostname="tn1"), "Restart service on tn1")
    for name in ("tn2", "tn3"):
        failed_on(production(hostname=name), f"Restart service on {name}", playbook=first.playbook)
    ticket = Ticket.objects.get()
    assert ticket.occurrences.count() == 3
    assert ticket.title == f"{first.playbook} failed in production: Restart service on …"
    opened, again, and_again = AuditLog.objects.about(ticket).order_by("id")
    assert "changes" not in opened.details and "changes" not in and_again.details
    assert again.details["changes"] == {
        "title": [f"{first.playbook} failed in production: Restart service on tn1", ticket.title]
    }


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["Restart nginx", "Restart nginx"], "Restart nginx"),
        (["tn1: restart", "tn2: restart"], "… restart"),
        (["Put a on tn1", "Put b on tn2"], "Put …"),
        (["On tn1 restart nginx now", "On tn2 restart nginx now"], "On … restart nginx now"),
        (["Restart nginx on tn1", "Restart nginx on tn2", "Restart apache on tn3"], "Restart …"),
        (["Restart", "Restart nginx"], "Restart …"),
        (["tn1", "tn2", "tn3"], "web/site.yml:12"),
    ],
)
def test_the_title_has_what_the_names_have_in_common(names, title):
    playbook = make.playbook()
    for name in names:
        failed_on(production(), name, playbook=playbook)
    assert Ticket.objects.get().title == f"{playbook} failed in production: {title}"


def test_a_title_that_somebody_has_written_stays():
    playbook = failed_on(production(), "Restart tn1").playbook
    Ticket.objects.update(title=f"{playbook} failed in production: Restart tn1, see the wiki")
    failed_on(production(), "Restart tn2", playbook=playbook)
    assert Ticket.objects.get().title.endswith("Restart tn1, see the wiki")


def test_two_tasks_of_one_name_are_two_tickets():
    playbook = failed_on(production(), "Restart", "site.yml:12").playbook
    failed_on(production(), "Restart", "site.yml:20", playbook=playbook)
    assert Ticket.objects.count() == 2


def test_the_same_place_in_another_environment_is_another_ticket():
    playbook = failed_on(production(), "Restart").playbook
    failed_on(make.server(environment="staging"), "Restart", playbook=playbook)
    assert Ticket.objects.count() == 2


def test_the_ticket_says_where_the_task_stands():
    failed_on(production(), "Restart")
    assert "Failing task: Restart (web/site.yml:12)" in Ticket.objects.get().description


def test_a_reopened_ticket_takes_back_its_failure_whatever_its_name(alice):
    first = failed_on(production(), "Restart tn1")
    ticket = Ticket.objects.get()
    ticket.resolve(alice)
    ticket.reopen(alice)
    failed_on(production(), "Restart tn2", playbook=first.playbook)
    assert Ticket.objects.get().occurrences.count() == 2


def test_long_names_are_cut_alike():
    task = "x" * 400
    outcome = Outcome.failed(Kind.TASK_FAILED, "y" * 100_000, failed_task=task)
    playbook = ended(outcome).playbook
    ended(outcome, playbook=playbook)
    ticket = Ticket.objects.get()
    assert len(ticket.title) == 200
    assert "y" * 100_000 in ticket.description


def test_a_success_clears_the_occurrences_on_its_server():
    here, there = production(), production()
    playbook = ended(server=here).playbook
    ended(server=there, playbook=playbook)
    ended(UNREACHABLE, server=here, playbook=playbook)
    ended(server=here)  # another playbook
    ended(Outcome(Job.Status.SUCCESS), server=here, playbook=playbook)
    cleared = TicketOccurrence.objects.exclude(cleared_at=None)
    assert {(each.job.server, each.job.playbook) for each in cleared} == {(here, playbook)}
    assert cleared.count() == 2
    assert Ticket.objects.unresolved().count() == 3  # only people resolve


def test_after_it_was_resolved_the_next_failure_opens_a_new_one(alice):
    playbook = ended(server=production()).playbook
    first = Ticket.objects.get()
    first.resolve(alice)
    ended(server=production(), playbook=playbook)
    second = Ticket.objects.exclude(pk=first.pk).get()
    assert second.status == "open"
    assert second.occurrences.count() == first.occurrences.count() == 1


def test_a_reopened_ticket_takes_its_failure_back(alice):
    playbook = ended(server=production()).playbook
    ticket = Ticket.objects.get()
    ticket.close(alice)
    ticket.reopen(alice)
    ended(server=production(), playbook=playbook)
    assert Ticket.objects.get().occurrences.count() == 2


def test_a_reopened_ticket_leaves_the_failure_to_the_newer_one(alice):
    playbook = ended(server=production()).playbook
    first = Ticket.objects.get()
    first.resolve(alice)
    ended(server=production(), playbook=playbook)
    second = Ticket.objects.exclude(pk=first.pk).get()
    assert first.reopen(alice) and first.open_key is None
    ended(server=production(), playbook=playbook)
    assert (first.occurrences.count(), second.occurrences.count()) == (1, 2)


def test_a_tickets_failure_is_found_again_after_it_was_started(alice):
    playbook = ended(server=production()).playbook
    Ticket.objects.get().start(alice)
    ended(server=production(), playbook=playbook)
    assert Ticket.objects.get().occurrences.count() == 2


@pytest.mark.django_db(transaction=True)
def test_failures_at_the_same_moment_are_one_ticket():
    playbook, user = make.playbook(), make.user(role="operator")
    jobs = [
        make.job(status=Job.Status.RUNNING, playbook=playbook, user=user, server=production())
        for _ in range(6)
    ]
    # A deadlock is a reason to retry, and the runner does.
    finish = [
        lambda job=job: insisting(lambda: job.run.finish({}, FAILED), for_seconds=30)
        for job in jobs
    ]
    assert at_once(finish) == [True] * len(jobs)
    ticket = Ticket.objects.get()
    assert set(ticket.occurrences.values_list("job", flat=True)) == {job.pk for job in jobs}
    assert sorted(lines_about(ticket)) == ["ticket.occurred_again"] * 5 + ["ticket.opened"]
    assert Job.objects.filter(status="failed").count() == len(jobs)


@pytest.mark.django_db(transaction=True)
def test_failing_while_somebody_resolves_loses_nothing(alice):
    """Either the failure is on the old ticket before it is resolved, or it opens a new one."""
    for _ in range(5):
        playbook = ended(server=production()).playbook
        ticket = Ticket.objects.get(job__playbook=playbook)
        job = make.job(status=Job.Status.RUNNING, playbook=playbook, server=production())
        finish = lambda job=job: insisting(lambda: job.run.finish({}, FAILED))  # noqa: E731
        resolve = lambda ticket=ticket: insisting(lambda: ticket.resolve(alice))  # noqa: E731
        assert at_once([finish, resolve]) == [True, True]
        assert TicketOccurrence.objects.filter(job=job).count() == 1
        for each in Ticket.objects.filter(job__playbook=playbook):
            assert (each.open_key is None) == (each.status == "resolved")
