"""A database that takes no writes: what only reads works, and the rest says why it does not."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditLog
from console.shielding import ask_part
from infraops import databases
from infraops.outages.known import outage
from infraops.setup_errors import WithoutTraceback
from schema.outages import BUSY, FULL, GONE, NO_CONNECTION, READ_ONLY, Outage, trouble_of
from schema.retrying import reconnect
from tests.permission_table import TABLE, Who

READ_ONLY_ERROR = "attempt to write a readonly database"
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
# Exports and downloads are recorded before they are made; health asks on purpose whether a write
# would do.
RECORDED = ("_export", "run_artifact", "run-artifact")
READ = [
    name
    for name, row in TABLE.items()
    if "GET" in row.wants and not name.endswith(RECORDED) and name != "api:health"
]


@pytest.fixture(autouse=True)
def without_outage() -> Iterator[None]:
    yield
    outage.forget()


@contextmanager
def read_only() -> Iterator[None]:
    def refuse(execute: Callable, sql: str, *rest: Any) -> Any:
        if sql.lstrip().upper().startswith(WRITES):
            raise OperationalError(READ_ONLY_ERROR)
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.on_either
@pytest.mark.parametrize("name", READ)
def test_no_page_writes_when_it_is_read(name: str, boss: User) -> None:
    client = signed_in(boss)
    path = reverse(name, args=TABLE[name].arguments(boss)) + TABLE[name].query
    with read_only():
        answer = client.get(path)
        if answer.streaming:
            list(answer.streaming_content)
    assert answer.status_code < 500, answer.content.decode()[:2000]


@pytest.mark.on_either
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [n for n in READ if TABLE[n].wants["GET"] is Who.ADMIN][:3])
def test_access_is_denied_although_that_cannot_be_recorded(name: str, bob: User, caplog) -> None:
    client = signed_in(bob)
    path = reverse(name, args=TABLE[name].arguments(bob)) + TABLE[name].query
    with read_only():
        assert client.get(path).status_code == 403
    assert not AuditLog.objects.filter(action="access.denied").exists()
    assert "Not in the audit trail" in caplog.text


def test_what_has_to_write_is_503_with_the_reason(boss: User, caplog) -> None:
    client = signed_in(boss)
    with read_only():
        answer = client.post(
            "/api/servers",
            {"hostname": "web1", "ip_address": "192.0.2.1"},
            content_type="application/json",
        )
        assert (answer.status_code, answer.json()) == (
            503,
            {"detail": READ_ONLY.sentence, "fields": {}},
        )
        assert answer.headers["Retry-After"]
        page = client.post(reverse("admin:login"), {"username": "boss", "password": "x"})
    assert page.status_code == 503
    assert READ_ONLY.sentence in page.content.decode()
    assert 'http-equiv="refresh"' not in page.content.decode()  # it would not send the form again
    assert caplog.text.count("Database unavailable (") == 1


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OperationalError(2006, "Server has gone away"), GONE),
        (OperationalError(2013, "Lost connection"), GONE),
        (OperationalError(2002, "Can't connect"), GONE),
        (OperationalError(1040, "Too many connections"), NO_CONNECTION),
        (OperationalError(1290, "running with the --read-only option"), READ_ONLY),
        (OperationalError(READ_ONLY_ERROR), READ_ONLY),
        (OperationalError("database or disk is full"), FULL),
        (OperationalError(1205, "Lock wait timeout exceeded"), BUSY),
        (OperationalError("database is locked"), BUSY),
        (OperationalError("no such table: runs"), None),
        (OperationalError(1064, "You have an error in your SQL syntax"), None),
        (ValueError("database is locked"), None),
        (None, None),
    ],
)
def test_an_outage_is_told_from_a_bug(error, trouble) -> None:
    assert trouble_of(error) is trouble


@pytest.mark.django_db
def test_a_broken_transaction_hides_an_outage_and_is_seen_through() -> None:
    connection.rollback_exc = None
    with pytest.raises(transaction.TransactionManagementError) as caught, transaction.atomic():
        try:
            with transaction.atomic(savepoint=False):
                raise OperationalError(2013, "Lost connection")
        except OperationalError:
            AuditLog.objects.exists()
    assert trouble_of(caught.value) is GONE


@pytest.mark.django_db
def test_an_earlier_error_of_the_same_connection_does_not_hide_an_outage() -> None:
    """Django keeps the last error that broke a transaction, and names it as the cause of others."""
    connection.rollback_exc = IntegrityError("of an earlier request")
    with pytest.raises(transaction.TransactionManagementError) as caught, transaction.atomic():
        try:
            with transaction.atomic(savepoint=False):
                raise OperationalError(2013, "Lost connection")
        except OperationalError:
            AuditLog.objects.exists()
    assert isinstance(caught.value.__cause__, IntegrityError)
    assert trouble_of(caught.value) is GONE


@pytest.mark.django_db(transaction=True)
def test_an_outage_that_is_over_is_not_blamed_for_a_bug() -> None:
    connection.rollback_exc = OperationalError(2013, "Lost connection")
    reconnect()  # as whatever notes an outage does
    with pytest.raises(transaction.TransactionManagementError) as caught, transaction.atomic():
        transaction.set_rollback(True)
        AuditLog.objects.exists()
    assert trouble_of(caught.value) is None


def test_a_part_of_a_page_does_not_swallow_an_outage(settings) -> None:
    settings.RAISE_IN_PARTS = False

    def fail() -> str:
        raise OperationalError(2013, "Lost connection")

    with pytest.raises(OperationalError):
        ask_part("tile", fail, instead="")


@pytest.mark.parametrize(("logger", "lines"), [("django.request", 0), ("automation", 1)])
def test_the_log_has_no_traceback_of_an_outage(logger: str, lines: int) -> None:
    error = OperationalError(2013, "Lost connection")
    record = logging.LogRecord(logger, 40, "", 0, "It %s", ("broke",), (type(error), error, None))

    assert int(WithoutTraceback().filter(record)) == lines
    if lines:
        assert record.getMessage().startswith("It broke: The database does not answer. (")
        assert record.exc_info is None


def test_an_outage_is_two_lines_however_much_fails(caplog) -> None:
    caplog.set_level("INFO")
    short = Outage("Database", logging.getLogger("outage"))
    for _ in range(100):
        short.note("gone")
    assert short.is_on
    short.end()
    short.end()
    assert [record.getMessage().split(" after ")[0] for record in caplog.records] == [
        "Database unavailable (gone).",
        "Database available again,",
    ]
    assert caplog.records[1].getMessage().endswith("Failures: 100.")


# --- Options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "limited"),
    [
        (["manage.py", "run_worker"], True),
        (["/srv/infraops/manage.py", "runserver", "8000"], True),
        (["manage.py", "migrate"], False),
        (["manage.py"], False),
        (["gunicorn", "infraops.wsgi"], False),  # wsgi.py says so itself
    ],
)
def test_only_console_and_worker_have_a_limit(monkeypatch, arguments, limited) -> None:
    monkeypatch.setattr(databases, "is_console", False)  # a test before may have loaded wsgi.py
    assert databases.serves(arguments) is limited


def test_the_limits_of_mariadb() -> None:
    entry = {"ENGINE": "django.db.backends.mysql", "NAME": "x", "OPTIONS": {"ssl_mode": "REQUIRED"}}
    options = databases.configure_database(entry, 30)["OPTIONS"]
    limits = {name: value for name, value in options.items() if name.endswith("timeout")}
    assert limits == {"connect_timeout": 10, "read_timeout": 30, "write_timeout": 30}
    assert "innodb_lock_wait_timeout=20" in options["init_command"]
    assert options["ssl_mode"] == "REQUIRED"
    unlimited = databases.configure_database(entry)["OPTIONS"]
    assert "read_timeout" not in unlimited and "lock_wait" not in unlimited["init_command"]
