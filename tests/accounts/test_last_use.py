"""When keys and sessions were last used: noted by requests, written by a thread of its own."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import last_use
from accounts.models import LAST_USED, ApiKey
from tests import make


@pytest.fixture(autouse=True)
def no_notes():
    yield
    LAST_USED.forget()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_request_notes_and_writes_nothing(api, alice):
    key, token = make.api_key(alice)
    api.get("/api/users/me", headers=bearer(token))
    key.refresh_from_db()
    assert key.last_used_at is None
    assert LAST_USED.write() == 1
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < timedelta(minutes=1)
    assert LAST_USED.write() == 0


def test_a_later_time_is_never_replaced_by_an_earlier_one(alice):
    key, _token = make.api_key(alice)
    now = timezone.now()
    for at in (now, now - timedelta(minutes=5)):
        LAST_USED.note(key.pk, at)
        LAST_USED.write()
    key.refresh_from_db()
    assert key.last_used_at == now


def test_what_could_not_be_written_is_written_next_time(alice, monkeypatch):
    key, _token = make.api_key(alice)
    key.touch()

    def refuse(*_args, **_more):
        raise DatabaseError("attempt to write a readonly database")

    with monkeypatch.context() as patch:
        patch.setattr(last_use.transaction, "atomic", refuse)
        with pytest.raises(DatabaseError):
            LAST_USED.write()
    assert LAST_USED.noted(key.pk) is not None
    assert LAST_USED.write() == 1


def test_notes_are_bounded(monkeypatch):
    monkeypatch.setattr(last_use, "MOST", 2)
    for number in range(5):
        LAST_USED.note(number)
    assert [LAST_USED.noted(number) is None for number in range(5)] == [False, False] + [True] * 3


@pytest.fixture
def stopped(settings, monkeypatch) -> threading.Event:
    """Ends the thread that writes; until then it writes all the time."""
    event = threading.Event()
    monkeypatch.setattr(last_use, "_stopped", event)
    settings.LAST_USE_SECONDS = 0.02
    return event


@pytest.fixture
def written_at_once(stopped, monkeypatch):
    monkeypatch.setattr(last_use, "_thread", None)
    yield
    stopped.set()
    if thread := last_use._thread:
        thread.join(30)


def wait_for(condition) -> None:
    until = timezone.now() + timedelta(seconds=30)
    while not condition() and timezone.now() < until:
        threading.Event().wait(0.02)
    assert condition()


def test_a_thread_writes(transactional_db, written_at_once):
    key, _token = make.api_key()
    key.touch()
    wait_for(lambda: ApiKey.objects.get().last_used_at is not None)
    thread = last_use._thread
    key.touch()
    assert last_use._thread is thread


def test_a_request_is_answered_while_the_database_takes_no_write(
    transactional_db, api, written_at_once, monkeypatch
):
    """The write hangs, as with a locked or read-only database: only the thread waits."""
    key, token = make.api_key()
    hangs, goes_on = threading.Event(), threading.Event()
    write = last_use.LastUse.write

    def hang(each):
        if each is LAST_USED and each.noted(key.pk):
            hangs.set()
            goes_on.wait(30)
        return write(each)

    monkeypatch.setattr(last_use.LastUse, "write", hang)
    api.get("/api/users/me", headers=bearer(token))
    assert hangs.wait(30)
    assert api.get("/api/users/me", headers=bearer(token)).status_code == 200
    goes_on.set()
    wait_for(lambda: ApiKey.objects.get().last_used_at is not None)


def test_an_outage_is_one_line_in_the_log(caplog, monkeypatch, stopped):
    rounds = iter(range(3))

    def refuse() -> None:
        if next(rounds) == 2:
            stopped.set()
        raise DatabaseError("gone")

    monkeypatch.setattr(last_use, "write_all", refuse)
    last_use._write_regularly()
    assert [record.getMessage() for record in caplog.records] == [
        "Cannot write when keys and sessions were last used yet: gone"
    ]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("path", ["/", "/account/", "/api/users/me"])
def test_reading_writes_nothing_at_all(client_of, api, alice, path):
    """The database refuses every write, as one that is read-only does."""
    _key, token = make.api_key(alice)
    client = client_of(alice)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only=ON")
    try:
        by_session = client.get(path)
        by_key = api.get("/api/users/me", headers=bearer(token))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only=OFF")
    assert (by_session.status_code, by_key.status_code) == (200, 200)
