"""Rules of other apps: applied to every launch, and to every run about to be claimed."""

import logging
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from audit.models import AuditLog
from automation import launching
from automation.launching import Launch
from automation.models import Job, Level, Outcome, Run, ServerLock, Violation
from automation.signals import launch_checked
from automation.tasks import every_minute
from schema.exceptions import Refused
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

SAID = "The release “Atlas” is being rehearsed here."


@pytest.fixture
def rule():
    """`rule(Violation(…))`: another app's objections to every launch from now on."""
    answers = []

    def ask(**kwargs):
        answer = answers[-1] if answers else None
        if isinstance(answer, Exception):
            raise answer
        return [answer] if answer else None

    launch_checked.connect(ask)
    yield answers.append
    launch_checked.disconnect(ask)


def hard() -> Violation:
    return Violation("rehearsal", Level.HARD, SAID)


def overridable() -> Violation:
    return Violation("rehearsal", Level.OVERRIDABLE, SAID)


def until(hours: float = 2, level: Level = Level.HARD) -> Violation:
    return Violation("freeze", level, SAID, timezone.now() + timedelta(hours=hours))


@pytest.fixture
def web(db):
    return make.server(hostname="web1")


@pytest.fixture
def deploy(db):
    return make.playbook(name="Deploy")


# --- At the launch --------------------------------------------------------------------------------


def test_every_way_in_is_refused_with_the_same_words(rule, alice, api_of, client_of, deploy, web):
    ended = make.job(status="failed", playbook=deploy, server=web, user=alice)
    rule(hard())

    form = {"playbook": deploy.pk, "servers": [web.pk], "verbosity": 0, "forks": 5, "key": "k"}
    page = send_launch(client_of(alice), form | {"extra_vars": "{}"})
    assert SAID in page.content.decode()
    plan = client_of(alice).post(reverse("automation:job_launch_plan"), form)
    assert SAID in plan.content.decode()

    body = {"playbook_id": deploy.pk, "server_id": web.pk}
    for answer in (
        api_of(alice).post("/api/jobs", body),
        api_of(alice).post("/api/jobs", body | {"dry_run": True}),
        api_of(alice).post(f"/api/jobs/{ended.job_id}/relaunch", {}),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (409, SAID)

    with pytest.raises(CommandError, match=SAID):
        call_command("run_playbook", "Deploy", server=["web1"], user="alice")
    with pytest.raises(CommandError, match=SAID):
        call_command("relaunch", str(ended.job_id), user="alice")

    again = reverse("automation:run_relaunch", args=[ended.run_id])
    page = client_of(alice).post(again, follow=True)
    assert SAID in page.content.decode()
    assert Run.objects.count() == 1


def test_a_rule_that_raises_is_a_refusal_and_names_its_app(rule, alice, deploy, web, caplog):
    rule(ZeroDivisionError("no windows"))
    with (
        caplog.at_level(logging.ERROR, "automation"),
        pytest.raises(Refused, match="A check of “tests” failed with an error"),
    ):
        make.launch(deploy, alice, [web])
    assert "ZeroDivisionError: no windows" in caplog.text
    assert not Run.objects.exists()


def test_a_rule_that_raises_while_its_answer_is_read_is_one_too(alice, deploy, web):
    def ask(**kwargs):
        yield hard()
        raise LookupError("gone")

    launch_checked.connect(ask)
    try:
        with pytest.raises(Refused, match="failed with an error"):
            make.launch(deploy, alice, [web])
    finally:
        launch_checked.disconnect(ask)


def test_advice_is_shown_and_keeps_it_from_nothing(rule, alice, api_of, deploy, web):
    rule(Violation("load", Level.ADVISORY, "The load is high."))
    intention = make.rehearse(deploy, alice, [web])
    assert intention.verdict.allowed and "The load is high." in intention.words
    body = {"playbook_id": deploy.pk, "server_id": web.pk}
    shown = api_of(alice).post("/api/jobs", body | {"dry_run": True}).json()
    assert "The load is high." in shown["words"]
    assert (shown["allowed"], shown["violations"]) == (
        True,
        [
            {
                "rule": "load",
                "level": "advisory",
                "message": "The load is high.",
                "waits_until": None,
            }
        ],
    )
    assert make.launch(deploy, alice, [web]) == Run.objects.claim_next()


def test_an_admin_overrides_by_giving_a_reason(rule, alice, boss, deploy, web):
    rule(overridable())
    for actor, reason in ((alice, "Urgent"), (boss, "")):
        with pytest.raises(Refused, match="An admin can override this"):
            make.launch(deploy, actor, [web], reason=reason)

    run = make.launch(deploy, boss, [web], reason="Urgent")
    details = AuditLog.objects.about(run).get().details
    assert (details["reason"], details["overridden"]) == ("Urgent", ["rehearsal"])
    assert Run.objects.claim_next() == run


@pytest.mark.parametrize("reason", [" ", "\t\n", "\u2003"])
def test_blanks_are_no_reason(rule, boss, deploy, web, reason):
    rule(overridable())
    with pytest.raises(Refused, match="by giving a reason"):
        make.launch(deploy, boss, [web], reason=reason)
    with pytest.raises(CommandError, match="by giving a reason"):
        call_command("run_playbook", "Deploy", server=["web1"], user="boss", reason=reason)


@pytest.mark.parametrize("reason", ["x" * 501, "Urgent \udcff"])
def test_a_reason_that_the_form_would_not_take_no_other_way_in_takes(boss, deploy, web, reason):
    with pytest.raises(ValidationError) as error:
        make.launch(deploy, boss, [web], reason=reason)
    assert list(error.value.message_dict) == ["reason"]
    with pytest.raises(CommandError):
        call_command("run_playbook", "Deploy", server=["web1"], user="boss", reason=reason)


def test_who_has_lost_the_right_overrides_nothing_any_more(rule, boss, deploy, web):
    rule(overridable())
    run = make.launch(deploy, boss, [web], reason="Urgent")
    make.user(role="admin")
    User.objects.filter(pk=boss.pk).update(role="operator")
    assert Run.objects.claim_next() is None
    run.refresh_from_db()
    assert (run.outcome, run.cancel_reason) == ("cancelled", SAID)


def test_what_is_hard_nobody_overrides(rule, boss, deploy, web):
    rule(hard())
    with pytest.raises(Refused) as refused:
        make.launch(deploy, boss, [web], reason="Urgent")
    assert str(refused.value) == SAID


def test_the_form_and_the_api_take_a_reason(rule, boss, api_of, client_of, deploy, web):
    rule(overridable())
    form = {"playbook": deploy.pk, "servers": [web.pk], "verbosity": 0, "forks": 5, "key": "k"}
    send_launch(client_of(boss), form | {"reason": "By form"})
    body = {"playbook_id": deploy.pk, "server_id": web.pk, "reason": "By program"}
    assert api_of(boss).post("/api/jobs", body).status_code == 201
    call_command("run_playbook", "Deploy", server=["web1"], user="boss", reason="x", no_wait=True)
    lines = AuditLog.objects.filter(action="run.launched").order_by("id")
    assert [line.details["reason"] for line in lines] == ["By form", "By program", "x"]


# --- Held -----------------------------------------------------------------------------------------


def test_it_is_held_and_says_so_everywhere(
    rule, alice, api_of, client_of, deploy, web, capsys, django_capture_on_commit_callbacks
):
    rule(until())
    words = make.rehearse(deploy, alice, [web]).waits_for
    with django_capture_on_commit_callbacks(execute=True):
        run = make.launch(deploy, alice, [web])
    assert not OrmQ.objects.exists()
    assert [run.held_words] == words and words[0].startswith("Held until ")
    assert words[0].endswith(f": {SAID}")
    assert AuditLog.objects.about(run).get().details["held"] == words[0]

    job = run.jobs.get()
    for row in (run, job):
        assert words[0] in client_of(alice).get(row.get_absolute_url()).content.decode()
    for path in (f"/api/runs/{run.pk}", f"/api/jobs/{job.job_id}"):
        told = api_of(alice).get(path).json()
        assert told["held_reason"] == SAID and told["held_until"]
    form = {"playbook": deploy.pk, "servers": [web.pk], "verbosity": 0, "forks": 5, "key": "k"}
    plan = client_of(alice).post(reverse("automation:job_launch_plan"), form)
    assert words[0] in plan.content.decode()
    call_command("run_playbook", "Deploy", server=["web1"], user="alice", dry_run=True)
    assert words[0] in capsys.readouterr().out


def test_it_stands_outside_the_queue_and_keeps_no_server(rule, alice, deploy, web):
    rule(until())
    held = make.launch(deploy, alice, [web])
    rule(None)
    behind = make.launch(deploy, alice, [web])
    assert make.rehearse(deploy, alice, [web]).waits_for[0].count(f"run {held.pk} ") == 0
    assert Run.objects.claim_next() == behind
    held.refresh_from_db()
    assert held.is_held and not ServerLock.objects.filter(run=held).exists()


def hold_runs(playbook, user, count):
    end = timezone.now() + timedelta(hours=1)
    columns = {"playbook_hash": playbook.file_hash, "deadline_seconds": 60, "held_until": end}
    Run.objects.bulk_create(
        Run(playbook=playbook, launched_by=user, **columns) for _ in range(count)
    )


def test_a_run_behind_a_thousand_held_ones_starts_at_once(alice, deploy, web):
    alone = make.launch(deploy, alice, [web])
    with CaptureQueriesContext(connection) as by_itself:
        claimed = Run.objects.claim_next()
    assert claimed == alone and claimed.finish({}, Outcome(Job.Status.SUCCESS))

    hold_runs(deploy, alice, 1000)
    Job.objects.bulk_create(
        Job(run=run, playbook=deploy, server=web, user=alice)
        for run in Run.objects.exclude(held_until=None)
    )
    free = make.launch(deploy, alice, [web])
    with CaptureQueriesContext(connection) as behind_held:
        assert Run.objects.claim_next() == free
    assert len(behind_held) == len(by_itself)


@pytest.mark.django_db(transaction=True)  # gathering statistics ends a transaction
def test_the_queue_is_read_along_its_index(alice, deploy):
    hold_runs(deploy, alice, 1000)
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE TABLE runs")
    waiting = Run.objects.waiting().order_by("id")[:200]
    plan = waiting.explain()
    assert "idx_runs_waiting" in plan
    assert "TEMP B-TREE" not in plan and "filesort" not in plan


def test_it_runs_when_its_time_has_come(rule, alice, deploy, web):
    rule(until())
    run = make.launch(deploy, alice, [web])
    Run.objects.wake_next()
    assert not OrmQ.objects.exists()

    rule(None)
    Run.objects.filter(pk=run.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    every_minute()
    assert OrmQ.objects.count() == 1
    line = AuditLog.objects.about(run).first()
    assert (line.action, line.details["held_reason"]) == ("run.released", SAID)
    assert Run.objects.claim_next() == run


def test_the_command_tells_of_a_held_run(rule, boss, deploy, web, capsys):
    rule(until())
    call_command("run_playbook", "Deploy", server=["web1"], user="boss", no_wait=True)
    assert capsys.readouterr().out.splitlines()[-1] == Run.objects.get().held_words


def test_whoever_watches_is_told_once_that_it_is_held_by_now(
    rule, boss, deploy, web, capsys, monkeypatch
):
    steps = iter(
        [
            lambda: (rule(until()), Run.objects.claim_next()),
            lambda: None,
            lambda: Run.objects.get().cancel(boss),
        ]
    )
    monkeypatch.setattr("automation.launching.following.time.sleep", lambda s: next(steps)())
    with pytest.raises(SystemExit):
        call_command("run_playbook", "Deploy", server=["web1"], user="boss")
    assert capsys.readouterr().out.count("Held until ") == 1


# --- At the claim ---------------------------------------------------------------------------------


def test_a_run_that_has_waited_is_held_by_what_came_since(rule, alice, deploy, web):
    run, behind = make.launch(deploy, alice, [web]), make.launch(deploy, alice, [make.server()])
    rule(until())
    assert Run.objects.claim_next() is None
    for each in (run, behind):
        each.refresh_from_db()
        assert each.is_held
        line = AuditLog.objects.about(each).first()
        assert (line.action, line.details["reason"]) == ("run.held", each.held_words)
    assert not ServerLock.objects.exists()


def test_those_behind_a_window_of_held_ones_are_not_forgotten(rule, alice, deploy, monkeypatch):
    monkeypatch.setattr("automation.models.run_queue.CLAIM_WINDOW", 2)
    held = [make.launch(deploy, alice, [make.server()]) for _ in range(3)]
    free = make.launch(make.playbook(), alice, [make.server()])
    window = until()

    def only_deploy(run, **kwargs):
        return [window] if run.playbook == deploy else []

    launch_checked.connect(only_deploy)
    try:
        assert Run.objects.claim_next() == free
    finally:
        launch_checked.disconnect(only_deploy)
    assert Run.objects.waiting().count() == 0 and Run.objects.pending().count() == len(held)


def test_a_run_that_may_not_start_any_more_is_cancelled(rule, alice, deploy, web):
    run = make.launch(deploy, alice, [web])
    rule(hard())
    assert Run.objects.claim_next() is None
    run.refresh_from_db()
    assert (run.outcome, run.cancel_reason) == ("cancelled", SAID)


def test_a_hold_that_ends_at_once_lasts_a_minute(rule, alice, deploy, web):
    rule(until(hours=-1))
    run = make.launch(deploy, alice, [web])
    assert run.held_until is not None and run.held_until > timezone.now()


def test_a_held_run_can_be_cancelled(rule, alice, deploy, web):
    rule(until())
    run = make.launch(deploy, alice, [web])
    assert run.cancel(alice)
    assert (run.outcome, run.is_held) == ("cancelled", False)
    assert (run.held_until, run.held_reason) == (None, "")  # none of it is left to come


def test_the_rule_is_told_who_and_where(alice, deploy, web):
    told = {}

    def ask(**kwargs):
        told.update(kwargs)

    launch_checked.connect(ask)
    try:
        launching.launch(alice, Launch(playbook=deploy, servers=[web]))
    finally:
        launch_checked.disconnect(ask)
    assert (told["actor"], told["servers"], told["run"].playbook) == (alice, [web], deploy)
