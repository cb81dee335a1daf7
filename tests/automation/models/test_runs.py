"""The queue: claims, cancellations, ends, and the reaper's checks."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from audit.models import AuditLog
from automation.execution.host_keys import learn_host_keys
from automation.models import ClaimLost, Job, Outcome, Playbook, Run, ServerLock
from automation.models.waiting import blockers
from inventory.ansible.inventory_file import ssh_name_of
from schema.retrying import insisting
from tests import make
from tests.at_once import at_once

pytestmark = pytest.mark.django_db

SUCCESS = Outcome(Job.Status.SUCCESS)
FAILED = Outcome.failed(Job.FailureKind.TASK_FAILED, "x", failed_task="y")


@pytest.fixture
def playbook(db) -> Playbook:
    return make.playbook()


def queued(playbook: Playbook, *servers, **fields) -> Run:
    """A pending run on these servers, by default on a new one."""
    run = make.run(playbook=playbook, **fields)
    for server in servers or [make.server()]:
        make.job(run=run, server=server)
    return run


def statuses(run: Run) -> set[str]:
    return set(run.jobs.values_list("status", flat=True))


def lines_about(row) -> list[str]:
    return list(AuditLog.objects.about(row).order_by("id").values_list("action", flat=True))


# --- Claiming -------------------------------------------------------------------------------------


def test_the_oldest_goes_first(playbook):
    runs = [queued(playbook) for _ in range(3)]
    assert [Run.objects.claim_next() for _ in range(4)] == [*runs, None]


def test_a_claim_writes_who_has_it(playbook):
    run = queued(playbook, make.server(), make.server())
    claimed = Run.objects.claim_next()
    stored = Run.objects.get(pk=run.pk)
    for name in ("state", "claim_token", "worker_host", "worker_pid", "heartbeat_at"):
        assert getattr(claimed, name) == getattr(stored, name)
    assert (stored.state, len(stored.claim_token)) == ("running", 36)
    assert statuses(run) == {"running"}
    assert all(job.started_at == stored.started_at for job in run.jobs.all())
    assert ServerLock.objects.filter(run=run).count() == 2
    assert lines_about(run) == ["run.started"]


def test_a_busy_server_is_waited_for_and_others_go_on(playbook):
    web, db = make.server(hostname="web"), make.server(hostname="db")
    first, second, third = queued(playbook, web), queued(playbook, web), queued(playbook, db)
    assert Run.objects.claim_next() == first
    assert Run.objects.claim_next() == third
    assert Run.objects.claim_next() is None
    assert blockers(second) == [f"web is held by run {first.pk}."]
    first.refresh_from_db()
    assert first.finish({}, SUCCESS)
    assert blockers(second) == []
    assert Run.objects.claim_next() == second


def test_many_small_runs_do_not_starve_a_large_one(playbook):
    web, db = make.server(), make.server()
    holder = queued(playbook, web)
    assert Run.objects.claim_next() == holder
    large, small = queued(playbook, web, db), queued(playbook, db)
    assert Run.objects.claim_next() is None  # db is free, but reserved for the large one
    assert blockers(small) == [f"Run {large.pk} comes first on {db.hostname}."]
    holder.refresh_from_db()
    holder.finish({}, SUCCESS)
    assert Run.objects.claim_next() == large
    assert Run.objects.claim_next() is None


def test_locks_are_all_or_none(playbook):
    web, db = make.server(), make.server()
    first, second = queued(playbook, web), queued(playbook, db, web)
    assert first.claim({web.pk})
    assert second.claim({db.pk, web.pk}) is False
    second.refresh_from_db()
    assert (second.state, second.claim_token, statuses(second)) == ("pending", None, {"pending"})
    assert not ServerLock.objects.filter(server=db).exists()
    assert lines_about(second) == []


def test_a_run_is_claimed_once(playbook):
    run = queued(playbook)
    old = Run.objects.get()
    servers = set(run.jobs.values_list("server_id", flat=True))
    assert run.claim(servers) is True
    assert old.claim(servers) is False
    assert Run.objects.get().claim_token == run.claim_token


@pytest.mark.django_db(transaction=True)
def test_two_claims_at_the_same_moment_are_one():
    playbook = make.playbook()
    for _ in range(5):
        run = queued(playbook)
        claim = lambda: insisting(Run.objects.claim_next)  # noqa: E731
        claimed = [each for each in at_once([claim] * 4) if each is not None]
        assert claimed == [run]
        assert lines_about(run) == ["run.started"]
        assert claimed[0].finish({}, SUCCESS)


@pytest.mark.django_db(transaction=True)
def test_runs_that_share_servers_never_run_together():
    playbook = make.playbook()
    web, db, mail = make.server(), make.server(), make.server()
    runs = [queued(playbook, *pair) for pair in ((web, db), (db, mail), (mail, web), (web, mail))]
    claim = lambda: insisting(Run.objects.claim_next)  # noqa: E731
    claimed = [run for run in at_once([claim] * 4) if run is not None]
    assert len(claimed) == 1
    assert ServerLock.objects.count() == 2
    assert Run.objects.pending().count() == len(runs) - 1


# --- Ending ---------------------------------------------------------------------------------------


def test_an_end_is_written_with_each_jobs_own_outcome(playbook):
    queued(playbook, make.server(), make.server(), make.server())
    run = Run.objects.claim_next()
    ok, bad, lost = run.jobs.order_by("id")
    counts = {"ok": 3, "changed": 1}
    outcomes = {ok.pk: Outcome(Job.Status.SUCCESS, counts=counts), bad.pk: FAILED}
    default = Outcome.failed(Job.FailureKind.NOT_REACHED, "never came to it")
    assert run.finish(outcomes, default, exit_code=2) is True
    stored = Run.objects.get()
    assert (stored.state, stored.exit_code) == ("finished", 2)
    assert stored.finished_at is not None
    for job, status, kind in (
        (ok, "success", ""),
        (bad, "failed", "task_failed"),
        (lost, "failed", "not_reached"),
    ):
        job.refresh_from_db()
        assert (job.status, job.failure_kind) == (status, kind)
        assert job.completed_at is not None and job.duration > timedelta(0)
        assert lines_about(job) == ["job.finished"]
    assert (ok.counts, bad.failed_task) == (counts, "y")
    assert not ServerLock.objects.exists()


def test_an_end_is_written_once(playbook):
    queued(playbook)
    run = Run.objects.claim_next()
    assert run.finish({}, SUCCESS) is True
    assert run.finish({}, FAILED) is False
    assert statuses(run) == {"success"}
    assert lines_about(run.jobs.get()) == ["job.finished"]


def test_whoever_has_lost_the_claim_writes_nothing(playbook):
    queued(playbook)
    run = Run.objects.claim_next()
    Run.objects.update(claim_token="somebody else's")
    assert run.beat() is False
    assert run.note(command="ansible-playbook site.yml") is False
    assert run.finish({}, SUCCESS) is False
    with pytest.raises(ClaimLost), run.held():
        pytest.fail("nothing may be written here")
    assert statuses(run) == {"running"} and Run.objects.get().command == ""
    assert ServerLock.objects.exists()


def test_its_holder_writes_what_became_known(playbook):
    queued(playbook)
    run = Run.objects.claim_next()
    assert run.note(command="ansible-playbook site.yml", unmasked=["token"]) is True
    with run.held():
        run.jobs.update(failed_task="x")
    stored = Run.objects.get()
    assert (stored.command, stored.unmasked) == (run.command, ["token"])
    assert run.jobs.get().failed_task == "x"


def test_a_host_key_is_not_learnt_for_a_run_that_was_ended(playbook, tmp_path):
    """An admin may have forgotten the server's key in the meantime."""
    server = make.server(hostname="web1", ip_address="192.0.2.1")
    queued(playbook, server)
    run = Run.objects.claim_next()
    jobs = list(run.jobs.select_related("server"))
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{ssh_name_of(server)} ssh-ed25519 AAAA\n")
    assert Run.objects.get().end_as_lost()
    with pytest.raises(ClaimLost):
        learn_host_keys(known_hosts, jobs)
    server.refresh_from_db()
    assert server.host_key == ""


def test_a_job_does_not_end_twice(playbook):
    job = make.job(status=Job.Status.SUCCESS)
    assert job.finish(FAILED) is False
    job.refresh_from_db()
    assert (job.status, job.error_message) == ("success", "")
    assert lines_about(job) == []


@pytest.mark.django_db(transaction=True)
def test_two_ends_at_the_same_moment_are_one():
    queued(make.playbook())
    run = Run.objects.claim_next()
    copies = [Run.objects.get() for _ in range(3)]
    finish = [lambda run=run: insisting(lambda: run.finish({}, SUCCESS)) for run in copies]
    assert sorted(at_once(finish)) == [False, False, True]
    assert lines_about(run.jobs.get()) == ["job.finished"]
    assert lines_about(run) == ["run.started", "run.finished"]


# --- Cancelling -----------------------------------------------------------------------------------


def test_a_pending_run_ends_at_once(playbook, alice):
    run = queued(playbook, make.server(), make.server())
    assert run.cancel(alice) is True
    assert (run.state, run.cancelled_by) == ("finished", alice)
    assert statuses(run) == {"cancelled"}
    job = run.jobs.first()
    assert "alice" in job.error_message and job.started_at is None
    assert lines_about(run) == ["run.cancel_requested", "run.finished"]
    assert lines_about(job) == ["job.finished"]
    assert Run.objects.claim_next() is None


def test_a_running_one_is_asked_to_stop(playbook, alice):
    run = queued(playbook)
    claimed = Run.objects.claim_next()
    job = run.jobs.get()
    assert job.cancel(alice) is True
    run.refresh_from_db()
    assert run.is_cancelling and statuses(run) == {"running"}
    assert job.cancel(alice) is False  # asked already
    assert lines_about(run) == ["run.started", "run.cancel_requested"]
    claimed.refresh_from_db()
    assert claimed.finish({}, Outcome.cancelled("Cancelled by alice."))
    assert statuses(run) == {"cancelled"}


def test_one_that_has_ended_stays_as_it_ended(playbook, alice):
    queued(playbook)
    run = Run.objects.claim_next()
    run.finish({}, SUCCESS)
    assert run.cancel(alice) is False
    run.refresh_from_db()
    assert run.cancel_requested_at is None and statuses(run) == {"success"}


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_whoever_does_not_cancel_is_refused(request, who, playbook):
    run = queued(playbook)
    with pytest.raises(PermissionDenied):
        run.cancel(request.getfixturevalue(who))
    run.refresh_from_db()
    assert run.state == "pending" and lines_about(run) == []


def test_the_system_may_cancel_with_a_reason(playbook):
    run = queued(playbook)
    assert run.cancel(None, reason="The worker was stopped.") is True
    assert run.jobs.get().error_message == "Cancelled. The worker was stopped."


@pytest.mark.django_db(transaction=True)
def test_cancelled_while_it_is_claimed_it_is_one_or_the_other(alice):
    for _ in range(5):
        run = queued(make.playbook())
        claim, cancel = at_once(
            [
                lambda: insisting(Run.objects.claim_next),
                lambda run=run: insisting(lambda: run.cancel(alice)),
            ]
        )
        assert cancel is True
        run.refresh_from_db()
        if claim is None:
            assert (run.state, statuses(run)) == ("finished", {"cancelled"})
        else:
            assert run.is_cancelling and statuses(run) == {"running"}
            claim.finish({}, Outcome.cancelled("x"))


# --- The reaper -----------------------------------------------------------------------------------


def minutes_ago(minutes: float):
    return timezone.now() - timedelta(minutes=minutes)


def running(playbook: Playbook, **fields) -> Run:
    queued(playbook)
    run = Run.objects.claim_next()
    Run.objects.filter(pk=run.pk).update(**fields)
    return Run.objects.get(pk=run.pk)


def test_a_run_is_silent_when_its_beat_was_the_same_at_two_looks(playbook):
    run = running(playbook, heartbeat_at=minutes_ago(10))
    assert run.is_silent() is False  # however old its heartbeat: the database may have been down
    run.refresh_from_db()
    assert run.is_silent() is False  # too soon
    Run.objects.update(watched_at=minutes_ago(1))
    run.refresh_from_db()
    assert run.is_silent() is True


def test_a_lost_run_fails_with_a_ticket_and_frees_its_server(playbook):
    run = running(playbook, heartbeat_at=minutes_ago(10))
    assert run.end_as_lost() is True
    job = run.jobs.get()
    assert (job.status, job.failure_kind) == ("failed", "worker_lost")
    assert run.worker_host in job.error_message
    assert job.tickets.count() == 1
    assert not ServerLock.objects.exists()
    assert run.end_as_lost() is False


def test_a_run_that_beats_is_not_silent(playbook):
    run = running(playbook, heartbeat_at=minutes_ago(10))
    run.is_silent()
    Run.objects.update(watched_at=minutes_ago(1))
    run.beat()
    run.refresh_from_db()
    assert run.is_silent() is False
    run.refresh_from_db()
    assert run.watched_beat_at == run.heartbeat_at


def test_a_run_that_beats_while_the_reaper_looks_lives(playbook):
    run = running(playbook, heartbeat_at=minutes_ago(10))
    seen = Run.objects.get(pk=run.pk)
    run.beat()
    assert seen.end_as_lost() is False
    assert statuses(run) == {"running"}


def test_a_run_whose_worker_ended_it_meanwhile_is_left_alone(playbook):
    run = running(playbook, heartbeat_at=minutes_ago(10))
    seen = Run.objects.get(pk=run.pk)
    assert run.finish({}, SUCCESS)
    assert seen.end_as_lost() is False
    assert statuses(run) == {"success"}


def test_a_second_run_of_an_exclusive_playbook_waits_whatever_its_servers(playbook):
    Playbook.objects.update(is_exclusive=True)
    playbook.refresh_from_db()
    first, second = queued(playbook), queued(playbook)
    assert Run.objects.claim_next() == first
    assert Run.objects.claim_next() is None
    assert blockers(second) == [
        f"Run {first.pk} of this playbook has not finished, and only one may run at a time."
    ]
    assert Run.objects.get(pk=first.pk).finish({}, SUCCESS)
    assert Run.objects.claim_next() == second
