"""Waiting runs are checked again at the claim: nothing deactivated runs."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from accounts.models import User
from audit.models import AuditLog
from automation.models import Job, Outcome, Playbook, Run, ServerLock, claim_checks
from automation.models.waiting import blockers
from automation.tasks import run_next
from inventory.models import Server
from schema.retrying import insisting
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(alice) -> Run:
    """A run on web1, web2 … web5."""
    servers = [make.server(hostname=f"web{number}") for number in range(1, 6)]
    return make.launch(make.playbook(name="Patch"), alice, servers)


def deactivate_playbook() -> None:
    Playbook.objects.filter(name="Patch").update(is_active=False)


def deactivate_servers(*names: str) -> None:
    Server.objects.filter(hostname__in=names).update(is_active=False)


def deactivate_user() -> None:
    User.objects.filter(username="alice").update(is_active=False)


def make_viewer() -> None:
    User.objects.filter(username="alice").update(role="viewer")


WAITED = "deactivated while the run waited."
CASES = {
    "playbook": (deactivate_playbook, f"The playbook “Patch” was {WAITED}"),
    "one server": (lambda: deactivate_servers("web2"), f"web2 was {WAITED}"),
    "two servers": (lambda: deactivate_servers("web5", "web1"), f"web1 and web5 were {WAITED}"),
    "all servers": (
        lambda: deactivate_servers("web1", "web2", "web3", "web4", "web5"),
        f"web1, web2, web3 and 2 more were {WAITED}",
    ),
    "user": (deactivate_user, f"alice, who launched it, was {WAITED}"),
    "role": (
        make_viewer,
        "alice, who launched it, lost the right to launch while the run waited.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_ends_as_cancelled_with_the_reason(waiting: Run, case: str) -> None:
    change, reason = CASES[case]
    change()

    assert Run.objects.claim_next() is None

    waiting.refresh_from_db()
    assert (waiting.state, waiting.outcome, waiting.cancel_reason) == (
        "finished",
        "cancelled",
        reason,
    )
    assert (waiting.started_at, waiting.claim_token, waiting.cancelled_by) == (None, None, None)
    jobs = waiting.jobs.values_list("status", "error_message", "started_at").distinct()
    assert list(jobs.order_by()) == [("cancelled", f"Cancelled. {reason}", None)]
    assert not ServerLock.objects.exists()


def test_it_is_recorded_once_for_the_run_and_once_for_each_job(waiting: Run) -> None:
    deactivate_playbook()
    Run.objects.claim_next()
    Run.objects.claim_next()

    lines = AuditLog.objects.exclude(action="run.launched").filter(user=User.objects.system())
    line, *jobs, end = lines.order_by("id")
    assert (line.action, line.actor_name) == ("run.cancel_requested", "system")
    assert line.details["reason"] == CASES["playbook"][1]
    assert [line.action for line in jobs] == ["job.finished"] * 5
    assert (end.action, end.details["outcome"]) == ("run.finished", "cancelled")
    assert AuditLog.objects.about(waiting).count() == 3


def test_it_keeps_its_servers_from_nobody(waiting: Run, alice: User) -> None:
    other = make.launch(make.playbook(), alice, [Server.objects.get(hostname="web1")])
    deactivate_playbook()

    assert Run.objects.claim_next() == other


def test_while_a_server_is_busy_it_waits_and_is_looked_at_when_its_turn_comes(alice: User) -> None:
    web = make.server(hostname="web1")
    holder = make.launch(make.playbook(), alice, [web])
    assert Run.objects.claim_next() == holder
    waiting = make.launch(make.playbook(name="Patch"), alice, [web])
    deactivate_playbook()

    assert Run.objects.claim_next() is None
    waiting.refresh_from_db()
    assert waiting.state == "pending" and blockers(waiting) == [f"web1 is held by run {holder.pk}."]
    Run.objects.get(pk=holder.pk).finish({}, Outcome(Job.Status.SUCCESS))
    assert Run.objects.claim_next() is None
    waiting.refresh_from_db()
    assert waiting.outcome == "cancelled"


def test_one_of_a_playbook_that_runs_one_at_a_time_does_not_wait_to_be_cancelled(alice) -> None:
    playbook = make.playbook(name="Patch", is_exclusive=True)
    make.launch(playbook, alice, [make.server()])
    assert Run.objects.claim_next()
    second = make.launch(playbook, alice, [make.server()])
    deactivate_playbook()

    assert Run.objects.claim_next() is None
    second.refresh_from_db()
    assert second.outcome == "cancelled"


def test_what_was_activated_again_in_time_runs(waiting: Run) -> None:
    deactivate_servers("web1")
    Server.objects.update(is_active=True)

    assert Run.objects.claim_next() == waiting


def test_a_reason_longer_than_its_column_is_cut_and_says_so(alice: User) -> None:
    names = [f"{letter * 60}.example.com" for letter in "abcde"]
    make.launch(make.playbook(), alice, [make.server(hostname=name) for name in names])
    deactivate_servers(*names)

    assert Run.objects.claim_next() is None
    reason = Run.objects.get().cancel_reason
    assert len(reason) == 200 and reason.endswith("…")


def test_only_those_whose_turn_it_is_are_looked_at(alice: User, monkeypatch) -> None:
    """Not every waiting run: each check costs a query."""
    web, looked_at = make.server(), []
    runs = [make.launch(make.playbook(), alice, [web]) for _ in range(5)]
    monkeypatch.setattr(claim_checks, "CHECKS", [lambda run: looked_at.append(run) or ""])

    assert [Run.objects.claim_next(), Run.objects.claim_next()] == [runs[0], None]
    assert looked_at == runs[:1]


def test_a_check_costs_a_query_or_two(waiting: Run, django_assert_num_queries) -> None:
    with django_assert_num_queries(5):  # playbook, servers, user; servers and user again
        assert claim_checks.verdict_on_claim(waiting).allowed


def test_whoever_watches_is_told_why(waiting: Run, client_of, api_of, bob) -> None:
    deactivate_servers("web2")
    assert run_next() == "nothing to run"
    reason = f"web2 was {WAITED}"
    job = waiting.jobs.first()

    for page in (waiting, job):
        assert reason in client_of(bob).get(page.get_absolute_url()).content.decode()
    assert api_of(bob).get(f"/api/runs/{waiting.pk}").json()["cancel_reason"] == reason
    told = api_of(bob).get(f"/api/jobs/{job.job_id}").json()
    assert (told["status"], told["error_message"]) == ("cancelled", f"Cancelled. {reason}")


@pytest.mark.django_db(transaction=True)
def test_a_deactivation_that_has_begun_is_waited_for(boss: User, alice: User) -> None:
    server = make.server(hostname="web1")
    run = make.launch(make.playbook(), alice, [server])
    begun, claimed = Event(), []

    def claim() -> None:
        begun.wait(10)
        claimed.append(insisting(Run.objects.claim_next))
        connection.close()

    thread = Thread(target=claim)
    thread.start()
    with transaction.atomic():
        server.deactivate(boss)
        begun.set()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(30)

    assert claimed == [None]
    run.refresh_from_db()
    assert run.cancel_reason == f"web1 was {WAITED}"
