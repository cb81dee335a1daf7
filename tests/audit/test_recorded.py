"""Every line is announced; receivers cannot undo the change that it records."""

from collections.abc import Callable
from contextlib import contextmanager

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction

from accounts.models import User
from audit.context import acting_as
from audit.models import AuditLog
from audit.signals import recorded
from inventory.models import Server
from tests import make

pytestmark = pytest.mark.django_db


@contextmanager
def heard_by(*receivers: Callable[..., None], sender=None):
    for receiver in receivers:
        recorded.connect(receiver, sender=sender)
    try:
        yield
    finally:
        for receiver in receivers:
            recorded.disconnect(receiver, sender=sender)


class Diary:
    """A receiver that remembers its arguments."""

    def __init__(self) -> None:
        self.told: list[dict] = []

    def __call__(self, **told: object) -> None:
        self.told.append(told)

    def actions(self) -> list[str]:
        return [told["action"] for told in self.told]


def break_a_rule(**told: object) -> None:
    """The database rejects the second row."""
    make.server(hostname="written by a receiver", ip_address="192.0.2.9")
    make.server(hostname="written by a receiver", ip_address="192.0.2.9")


def divide(**told: object) -> None:
    raise ZeroDivisionError("by zero")


def rename(action: str, object: Server, **told: object) -> None:
    Server.objects.filter(pk=object.pk).update(description=f"after {action}")


# --- Arguments ------------------------------------------------------------------------------------


def test_a_line_is_announced_with_all_that_it_says(alice):
    server, diary = make.server(hostname="web1"), Diary()
    with heard_by(diary):
        line = AuditLog.objects.record("server.seen", server, actor=alice, password="hunter2", n=1)
    (told,) = diary.told
    assert told["sender"] is Server and told["signal"] is recorded
    assert (told["line"], told["action"], told["object"]) == (line, "server.seen", server)
    assert told["actor"] == alice
    assert told["details"] == line.details and told["details"]["n"] == 1
    assert "hunter2" not in str(told["details"])


def test_whoever_the_context_names_is_the_actor_and_nobody_is_none(alice):
    diary = Diary()
    with heard_by(diary):
        make.audit_line()
        with acting_as(alice):
            make.audit_line()
    assert [told["actor"] for told in diary.told] == [None, alice]


def test_a_receiver_may_hear_of_one_kind_only(alice):
    of_servers, of_nothing = Diary(), Diary()
    with heard_by(of_servers, sender=Server), heard_by(of_nothing, sender=AuditLog):
        AuditLog.objects.record("server.seen", make.server())
        AuditLog.objects.record("user.seen", alice)
        AuditLog.objects.record("encryption.rotated")
    assert (of_servers.actions(), of_nothing.actions()) == (["server.seen"], ["encryption.rotated"])


def test_edits_that_django_auditlog_notices_are_announced(boss):
    server, diary = make.server(), Diary()
    with heard_by(diary):
        server.deactivate(boss)
    assert diary.actions() == ["server.updated"]
    assert diary.told[0]["details"]["changes"] == {"is_active": [True, False]}


def test_signing_in_is_announced_too(client_of, alice):
    diary = Diary()
    with heard_by(diary, sender=User):
        client_of(alice)
    assert (diary.actions(), diary.told[0]["actor"]) == (["user.logged_in"], alice)


def test_a_line_that_a_receiver_records_is_announced_in_its_turn():
    diary = Diary()

    def record_more(action: str, **told: object) -> None:
        if action == "first.done":
            AuditLog.objects.record("second.done")

    with heard_by(record_more, diary):
        AuditLog.objects.record("first.done")
    assert sorted(diary.actions()) == ["first.done", "second.done"]


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("receiver", "error"), [(divide, "ZeroDivisionError"), (break_a_rule, "IntegrityError")]
)
def test_a_receiver_that_fails_undoes_nothing_but_its_own(receiver, error, caplog):
    server, diary = make.server(hostname="web1"), Diary()
    with heard_by(rename, receiver, diary), transaction.atomic():
        line = AuditLog.objects.record("server.seen", server)
        assert Server.objects.count() == 1  # the transaction is still usable
    server.refresh_from_db()
    assert server.description == "after server.seen"
    assert diary.told[0]["line"] == line
    failure = AuditLog.objects.about(server).get(action="receiver.failed")
    assert failure.details["receiver"] == f"tests.audit.test_recorded.{receiver.__name__}"
    assert (failure.details["error"], failure.details["after"]) == (error, "server.seen")
    assert failure.details["message"]
    assert f"{receiver.__name__} failed after server.seen" in caplog.text
    assert "Traceback" in caplog.text


def test_a_failure_is_announced_to_nobody():
    diary = Diary()
    with heard_by(divide, diary):
        AuditLog.objects.record("first.done")
    assert diary.actions() == ["first.done"]
    assert AuditLog.objects.filter(action="receiver.failed").count() == 1


def test_a_receiver_of_a_class_of_its_own_is_named():
    class Broken:
        def __call__(self, **told: object) -> None:
            raise ValueError("x" * 1000)

    broken = Broken()
    with heard_by(broken):
        AuditLog.objects.record("first.done")
    failure = AuditLog.objects.get(action="receiver.failed")
    assert failure.details["receiver"].endswith("Broken")
    assert failure.details["message"] == "x" * 500


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValidationError("%(name)s is taken", params={"nam": "web1"}), "No message"),
        (ValueError("half of a character: \ud800"), "half of a character: \\ud800"),
    ],
    ids=["its parameters do not fit", "it cannot be stored"],
)
def test_an_error_that_cannot_be_told_undoes_nothing_either(error, message):
    def refuse(**told: object) -> None:
        raise error

    with heard_by(refuse):
        AuditLog.objects.record("first.done")
    failure = AuditLog.objects.get(action="receiver.failed")
    assert (failure.details["error"], failure.details["after"]) == (
        type(error).__name__,
        "first.done",
    )
    assert failure.details["message"].startswith(message)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError(1213, "Deadlock found when trying to get lock"),
        OperationalError(1205, "Lock wait timeout exceeded"),
        OperationalError(2013, "Lost connection to server during query"),
        OperationalError("database is locked"),
    ],
    ids=lambda error: str(error.args[0]),
)
def test_an_error_that_ends_the_transaction_is_not_swallowed(error):
    def give_up(**told: object) -> None:
        raise error

    with heard_by(give_up), pytest.raises(OperationalError), transaction.atomic():
        make.server(hostname="web1")
        AuditLog.objects.record("server.seen")
    assert not Server.objects.exists()
    assert not AuditLog.objects.filter(action__in=["server.seen", "receiver.failed"]).exists()


@pytest.mark.only_on("mysql")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_the_database_has_dropped_is_lost_as_a_whole():
    """Whatever a receiver does with its error, the savepoint is lost with the transaction."""

    def lose_the_transaction(**told: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")  # as a deadlock does
        raise ZeroDivisionError

    with heard_by(lose_the_transaction), pytest.raises(ZeroDivisionError), transaction.atomic():
        make.server(hostname="web1")
        AuditLog.objects.record("server.seen")
    assert not Server.objects.exists()
    assert not AuditLog.objects.filter(action="receiver.failed").exists()


@pytest.mark.django_db(transaction=True)
def test_a_line_outside_of_a_transaction_and_its_receivers_stand_or_fall_together():
    server = make.server()

    def keep_out(**told: object) -> None:
        raise OperationalError("database is locked")

    with heard_by(rename, divide, sender=Server):
        AuditLog.objects.record("server.seen", server)
    server.refresh_from_db()
    assert server.description == "after server.seen"
    with heard_by(rename, keep_out, sender=Server), pytest.raises(OperationalError):
        AuditLog.objects.record("server.lost", server)
    server.refresh_from_db()
    assert server.description == "after server.seen"
    actions = AuditLog.objects.about(server).values_list("action", flat=True)
    assert sorted(actions) == ["receiver.failed", "server.seen"]


def test_receivers_that_answer_each_other_come_to_an_end(caplog):
    """Each would hear the other's lines, doubling their number, until the stack overflows."""

    def answer(action: str, **told: object) -> None:
        AuditLog.objects.record("answer.given")

    def answer_too(action: str, **told: object) -> None:
        AuditLog.objects.record("answer.given")

    server, diary = make.server(), Diary()
    with heard_by(rename, answer, answer_too, diary, sender=Server), heard_by(answer, answer_too):
        AuditLog.objects.record("server.seen", server)
    server.refresh_from_db()
    assert server.description == "after server.seen" and diary.actions() == ["server.seen"]
    assert AuditLog.objects.about(server).filter(action="server.seen").exists()
    failures = AuditLog.objects.filter(action="receiver.failed")
    assert failures and {line.details["error"] for line in failures} == {"RecursionError"}
    assert AuditLog.objects.count() < 200


# --- Cost -----------------------------------------------------------------------------------------


def test_without_receivers_a_line_is_one_statement(django_assert_num_queries):
    server = make.server()
    with django_assert_num_queries(1):
        AuditLog.objects.record("server.seen", server)
    with heard_by(Diary(), sender=User), django_assert_num_queries(1):
        AuditLog.objects.record("server.seen", server)


def test_a_receiver_costs_its_savepoint(django_assert_num_queries):
    diary = Diary()
    with heard_by(diary), django_assert_num_queries(3):
        AuditLog.objects.record("server.seen")


def test_the_second_of_two_equal_rows_is_refused():
    """`break_a_rule` relies on this."""
    with pytest.raises(IntegrityError), transaction.atomic():
        break_a_rule()
