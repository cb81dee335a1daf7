"""The database fails at the worst moments: nothing is lost, nothing is done twice."""

import re
from typing import Any

import pytest
from django.db import OperationalError, connection

from audit.models import AuditLog
from automation.models import Job, Run, ServerLock
from automation.tasks import run_next
from schema import retrying
from tests import make
from tests.automation.running import lines_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LOST = (2013, "Lost connection to server during query")


@pytest.fixture
def waiting(alice, monkeypatch) -> Run:
    monkeypatch.setattr(retrying, "PAUSE_SECONDS", 0.01)
    return make.launch(make.playbook(make.HELLO), alice, [make.localhost()])


def assert_done_once(run: Run) -> None:
    job = Job.objects.get(run=run)
    assert job.status == Job.Status.SUCCESS
    assert sum('"msg": "hello"' in line for line in lines_of(job)) == 1
    assert job.task_results.count() == 1
    for action in ("run.started", "job.finished", "run.finished"):
        assert AuditLog.objects.filter(action=action).count() == 1
    assert not ServerLock.objects.exists()


def test_each_statement_fails_once(waiting) -> None:
    failed: set[str] = set()

    def fail_once(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        kind = re.sub(r"\W+\w*\d+\w*", "", sql)[:80]  # a savepoint's name contains a number
        if kind not in failed:
            failed.add(kind)
            raise OperationalError(*LOST)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail_once):
        run_next()

    assert len(failed) > 20
    assert_done_once(waiting)


def test_the_answer_to_each_commit_is_lost(waiting, monkeypatch) -> None:
    """What was written stands; the worker has to notice, and must not write it again."""
    commit, failed = connection._commit, set()

    def commit_and_fail() -> None:
        commit()
        moment = tuple(Run.objects.values_list("state", "heartbeat_at"))
        if moment not in failed:
            failed.add(moment)
            raise OperationalError(*LOST)

    monkeypatch.setattr(connection, "_commit", commit_and_fail)
    run_next()
    monkeypatch.undo()

    assert_done_once(waiting)
