from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.brokers import redis_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from automation.models import Run, Worker
from automation.models.workers import ALIVE_FOR
from automation.workers.child import Loss
from automation.workers.losses import report_loss
from infraops import health
from tests import make
from tests.private_servers import Redis

URL = "/api/health"
GONE = {"status": "unhealthy", "detail": "The database does not answer."}
LONG_AGO = ALIVE_FOR + timedelta(seconds=10)


@pytest.fixture
def worker(db):
    Worker.objects.beat()
    return Worker.objects.get()


@contextmanager
def database_away():
    """All queries fail, as when the server is gone."""

    def fail(*args, **kwargs):
        raise OperationalError(2013, "Lost connection to server during query")

    with connection.execute_wrapper(fail):
        yield


def test_anybody_hears_whether_all_is_well_and_nothing_more(api, worker):
    response = api.get(URL)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]
    Worker.objects.all().delete()
    response = api.get(URL)
    assert (response.status_code, response.json()) == (503, {"status": "unhealthy"})


@pytest.mark.parametrize("who", ["boss", "alice", "bob"])
def test_those_logged_in_hear_ages(api_of, worker, request, who):
    parts = api_of(request.getfixturevalue(who)).get(URL).json()["parts"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "database": "ok",
        "queue": "ok",
        "worker": "ok",
        "state": "ok",
        "audit": "ok",
        "variables": "ok",
        "inventory_sources": "ok",
    }
    assert parts["worker"]["alive"] == 1
    assert 0 <= parts["worker"]["newest_seen_seconds"] < 60
    assert parts["queue"]["oldest_wakeup_seconds"] is None


def test_a_key_is_a_log_in_as_well(api, bob, worker):
    _, token = make.api_key(bob)
    assert "parts" in api.get(URL, headers={"Authorization": f"Bearer {token}"}).json()
    assert api.get(URL, headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_without_a_worker_it_says_what_to_do(api_of, boss):
    response = api_of(boss).get(URL)
    assert response.status_code == 503
    part = response.json()["parts"]["worker"]
    assert part["reason"] == "No worker has been seen ever: start one with `manage.py run_worker`."
    assert (part["alive"], part["newest_seen_seconds"]) == (0, None)


def test_a_worker_that_was_seen_long_ago_does_not_count(api_of, boss, worker):
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=500))
    part = api_of(boss).get(URL).json()["parts"]["worker"]
    assert part["reason"].startswith("No worker has been seen for 500 s")
    assert part["reason"].endswith("start one with `manage.py run_worker`.")


def test_the_beat_of_a_long_run_is_its_workers(api_of, boss, worker):
    Worker.objects.update(seen_at=timezone.now() - LONG_AGO)
    make.job(status="running")
    part = api_of(boss).get(URL).json()["parts"]["worker"]
    assert (part["status"], part["alive"]) == ("ok", 1)


def test_a_run_whose_worker_died_does_not_count(api_of, boss):
    run = make.job(status="running").run
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - LONG_AGO)
    assert api_of(boss).get(URL).status_code == 503


# --- The queue ------------------------------------------------------------------------------------


@pytest.fixture
def waiting(worker):
    """A wake-up that no worker has taken for a long time."""
    if not Conf.ORM:
        pytest.fail("The tests' queue is in the database.")
    async_task("automation.tasks.run_next")
    OrmQ.objects.update(lock=timezone.now() - LONG_AGO)


def test_a_wake_up_that_nobody_takes_means_that_the_queue_is_stuck(api_of, boss, waiting):
    response = api_of(boss).get(URL)
    assert response.status_code == 503
    part = response.json()["parts"]["queue"]
    assert part["oldest_wakeup_seconds"] >= LONG_AGO.total_seconds()
    assert "no run_worker reads the queue" in part["reason"]


def test_it_may_wait_while_all_workers_are_busy(api_of, boss, waiting, settings):
    for _ in range(settings.Q_CLUSTER["workers"]):
        make.job(status="running")
    assert api_of(boss).get(URL).json()["parts"]["queue"]["status"] == "ok"


def test_a_wake_up_that_a_worker_has_taken_does_not_wait(api_of, boss, waiting):
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))
    assert api_of(boss).get(URL).json()["parts"]["queue"]["oldest_wakeup_seconds"] is None


def test_the_age_of_the_oldest_pending_run_is_told(api_of, boss, worker):
    run = make.job().run
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=10))
    part = api_of(boss).get(URL).json()["parts"]["queue"]
    assert 600 <= part["oldest_pending_run_seconds"] < 700
    assert part["status"] == "ok"  # it may well wait for its server


# --- The database ---------------------------------------------------------------------------------


def test_without_a_database_it_is_503_and_no_error(api, worker):
    with database_away():
        response = api.get(URL)
    assert (response.status_code, response.json()) == (503, GONE)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_nor_for_a_browser_that_is_signed_in(client_of, boss, worker, accept):
    client = client_of(boss)
    with database_away():
        response = client.get(URL, headers={"Accept": accept})
    assert (response.status_code, response.json()) == (503, GONE)
    assert client.get(URL, headers={"Accept": accept}).status_code == 200


def test_a_database_that_goes_in_the_middle_is_told_apart(worker, monkeypatch):
    def fail():
        raise OperationalError(2006, "Server has gone away")

    monkeypatch.setattr("automation.health._oldest_wakeup", fail)
    parts = health.examine()
    assert parts["database"].is_ok
    assert parts["queue"].reason == "The database does not answer."


def test_a_database_that_goes_between_the_checks_and_the_log_in_is_503(
    client_of, boss, worker, monkeypatch
):
    client = client_of(boss)

    def fail(*args, **kwargs):
        raise OperationalError(2013, "Lost connection to server during query")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", fail)
    response = client.get(URL)
    assert (response.status_code, response.json()) == (503, GONE)


def test_processes_that_were_replaced_are_told(api_of, boss, worker):
    report_loss(Loss(4_194_304, "The reaper (process 4194304) was killed by SIGKILL."))
    assert api_of(boss).get(URL).json()["parts"]["worker"]["replaced_last_hour"] == 1


def test_it_asks_a_fixed_number_of_times(api_of, boss, worker, query_ceiling):
    client = api_of(boss)
    # Three of them for the seals of the audit trail, one each for values of variables in clear,
    # inventory sources, and artifacts that a missing STATE_ROOT would have.
    with query_ceiling(18):
        client.get(URL)


# --- Redis ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.on_either
def test_the_queue_in_redis(worker, monkeypatch):
    with Redis() as redis:
        monkeypatch.setattr(Conf, "ORM", None)
        monkeypatch.setattr(Conf, "REDIS", redis.url)
        monkeypatch.setattr(Conf, "BROKER_CLASS", "automation.queue.in_redis.RedisBroker")
        assert health.examine()["queue"].facts["oldest_wakeup_seconds"] is None
        async_task("automation.tasks.run_next", broker=redis_broker.Redis())
        assert 0 <= health.examine()["queue"].facts["oldest_wakeup_seconds"] < 60
        # What is not ours is no reason to fail: the next worker drops it.
        broker = redis_broker.Redis()
        broker.connection.lpush(broker.list_key, b"\xff garbage")
        assert health.examine()["queue"].facts["oldest_wakeup_seconds"] is None
    assert "ConnectionError" in health.examine()["queue"].reason
