"""Many runs at once on shared servers, with users who cancel: each run ends once."""

import random
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from audit.models import AuditLog
from automation.execution import reaper
from automation.models import Job, Playbook, Run, ServerLock
from inventory.ansible import processes
from inventory.models import Server
from tests import make
from tests.at_once import at_once
from tests.automation.running import lines_of
from tests.private_servers import wait_until
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RUNS = 12
SERVERS = 5
CLUSTERS = 2


def plays(last: dict) -> list[dict]:
    pause = {"name": "Pause", "ansible.builtin.raw": "sleep 0.3"}
    return [{"hosts": "all", "gather_facts": False, "tasks": [pause, {"name": "Last", **last}]}]


def test_every_run_ends_once_and_leaves_nothing(command, alice, monkeypatch) -> None:
    chance = random.Random(7)
    servers = [make.localhost() for _ in range(SERVERS)]
    playbooks = [
        make.playbook(plays({"ansible.builtin.debug": {"msg": "fine"}})),
        make.playbook(plays({"ansible.builtin.fail": {"msg": "broken"}})),
        make.playbook(plays({"ansible.builtin.debug": {"msg": "alone"}}), is_exclusive=True),
    ]
    clusters = [command("run_worker") for _ in range(CLUSTERS)]
    stop = threading.Event()
    # As hasty as a reaper elsewhere could be: heartbeats every five seconds have to survive it.
    monkeypatch.setattr(settings, "RUN_LOST_AFTER_SECONDS", 1)
    others = [threading.Thread(target=keep_reaping, args=[stop]) for _ in range(2)]
    others.append(threading.Thread(target=keep_cancelling, args=[stop, alice]))
    for thread in others:
        thread.start()
    try:
        launches = [(chance.choice(playbooks), chosen(chance, servers)) for _ in range(RUNS)]
        at_once([launching(playbook, alice, on) for playbook, on in launches])
        wait_until(all_have_ended, seconds=240, what="the end of all runs")
    finally:
        stop.set()
        for thread in others:
            thread.join()
    for cluster in clusters:
        assert cluster.stop() == 0

    assert Run.objects.count() == RUNS
    for run in Run.objects.all():
        assert_ended_once(run)
    assert not ServerLock.objects.exists()
    assert list(Path(settings.RUN_ROOT).iterdir()) == []
    for server in servers:
        assert_one_at_a_time(list(server.jobs.exclude(started_at=None).order_by("started_at")))
    assert_one_ticket_each()


def chosen(chance: random.Random, servers: list[Server]) -> list[Server]:
    return chance.sample(servers, chance.choice([1, 1, 1, 2, 3]))


def launching(playbook: Playbook, actor: User, servers: list[Server]):
    return lambda: make.launch(playbook, actor, servers)


def all_have_ended() -> bool:
    return not Run.objects.exclude(state=Run.State.FINISHED).exists()


def keep_reaping(stop: threading.Event) -> None:
    while not stop.wait(0.2):
        reaper.reap()
    connection.close()


def keep_cancelling(stop: threading.Event, actor: User) -> None:
    """Cancel waiting, running or ending runs now and then."""
    chance = random.Random(11)
    while not stop.wait(chance.uniform(1, 3)):
        keys = list(Run.objects.exclude(state=Run.State.FINISHED).values_list("pk", flat=True))
        if keys:
            Run.objects.get(pk=chance.choice(keys)).cancel(actor)
    connection.close()


def assert_ended_once(run: Run) -> None:
    assert processes.find_marked(str(run.claim_token)) == []
    of_run = AuditLog.objects.about(run)
    assert of_run.filter(action="run.started").count() == (run.claim_token is not None)
    assert of_run.filter(action="run.finished").count() == 1
    assert of_run.filter(action="run.cancel_requested").count() == (
        run.cancel_requested_at is not None
    )
    for job in run.jobs.all():
        assert job.failure_kind in ("", Job.FailureKind.TASK_FAILED)
        assert not job.is_active
        assert AuditLog.objects.about(job).filter(action="job.finished").count() == 1
        lines_of(job)  # without gaps
        if job.status == Job.Status.SUCCESS:
            assert job.task_results.count() == 2


def assert_one_at_a_time(jobs: list[Job]) -> None:
    for earlier, later in pairwise(jobs):
        assert earlier.completed_at <= later.started_at


def assert_one_ticket_each() -> None:
    """One ticket per playbook, failing task and environment, with every failed job on it once."""
    assert not Job.objects.filter(status=Job.Status.FAILED, occurrence=None).exists()
    opened = Ticket.objects.exclude(open_key=None).values_list("open_key", flat=True)
    assert len(opened) == len(set(opened))
    assert AuditLog.objects.filter(action="ticket.opened").count() == Ticket.objects.count()
