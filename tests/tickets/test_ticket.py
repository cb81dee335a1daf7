"""What can be done with a ticket: by whom, from which status, and what is recorded."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from audit.models import AuditLog
from schema.exceptions import Refused
from tests import make
from tests.at_once import at_once
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

Status = Ticket.Status
VERBS = ("start", "resolve", "close", "reopen")


def lines_about(ticket: Ticket) -> list[AuditLog]:
    return list(AuditLog.objects.about(ticket).order_by("id"))


@pytest.mark.parametrize(
    ("status", "verb", "becomes"),
    [
        ("open", "start", "in_progress"),
        ("open", "resolve", "resolved"),
        ("open", "close", "closed"),
        ("in_progress", "resolve", "resolved"),
        ("in_progress", "close", "closed"),
        ("resolved", "close", "closed"),
        ("resolved", "reopen", "open"),
        ("closed", "reopen", "open"),
    ],
)
def test_it_goes_where_it_may(alice, status, verb, becomes):
    ticket = make.ticket(status=status)
    assert getattr(ticket, verb)(alice) is True
    assert ticket.status == Ticket.objects.get().status == becomes
    assert (ticket.resolved_at is None) == ticket.is_unresolved
    (line,) = lines_about(ticket)
    past = {"start": "started", "resolve": "resolved", "close": "closed", "reopen": "reopened"}
    assert (line.action, line.user_id) == (f"ticket.{past[verb]}", alice.pk)
    assert line.details["changes"]["status"] == [status, becomes]


@pytest.mark.parametrize(
    ("status", "verb"),
    [
        ("in_progress", "start"),
        ("resolved", "resolve"),
        ("closed", "close"),
        ("open", "reopen"),
        ("in_progress", "reopen"),
    ],
)
def test_where_it_stands_already_nothing_happens(alice, status, verb):
    ticket = make.ticket(status=status)
    assert getattr(ticket, verb)(alice) is False
    assert Ticket.objects.get().status == status
    assert lines_about(ticket) == []


@pytest.mark.parametrize(
    ("status", "verb"),
    [("resolved", "start"), ("closed", "start"), ("closed", "resolve")],
)
def test_it_does_not_go_where_it_may_not(alice, status, verb):
    ticket = make.ticket(status=status)
    with pytest.raises(Refused, match="reopen it first"):
        getattr(ticket, verb)(alice)
    assert Ticket.objects.get().status == status
    assert lines_about(ticket) == []


def test_what_the_database_says_counts_and_not_an_old_copy(alice):
    ticket = make.ticket()
    old = Ticket.objects.get()
    ticket.close(alice)
    with pytest.raises(Refused):
        old.start(alice)
    assert old.reopen(alice) is True


@pytest.mark.parametrize("who", ["bob", "charlie"])
@pytest.mark.parametrize("verb", [*VERBS, "assign", "prioritise"])
def test_whoever_does_not_work_tickets_is_refused(request, who, verb):
    user = request.getfixturevalue(who)
    ticket = make.ticket()
    more = {"assign": [user], "prioritise": ["low"]}.get(verb, [])
    with pytest.raises(PermissionDenied):
        getattr(ticket, verb)(user, *more)
    assert lines_about(ticket) == []


def test_starting_makes_it_ones_own(alice, boss):
    ticket = make.ticket()
    ticket.start(alice)
    assert ticket.assigned_to == alice
    (line,) = lines_about(ticket)
    assert line.details["changes"] == {
        "status": ["open", "in_progress"],
        "assigned_to": [None, "alice"],
    }
    somebodys = make.ticket(assigned_to=boss)
    somebodys.start(alice)
    assert somebodys.assigned_to == boss


def test_it_is_given_to_whoever_works_tickets(alice, boss, bob, charlie):
    ticket = make.ticket()
    assert ticket.assign(boss, alice) is True
    assert ticket.assign(boss, alice) is False
    assert ticket.assign(boss, None) is True
    for nobody in (bob, charlie):
        with pytest.raises(Refused, match="cannot work on tickets"):
            ticket.assign(boss, nobody)
    assert ticket.assigned_to is None
    assert [line.details["changes"]["assigned_to"] for line in lines_about(ticket)] == [
        [None, "alice"],
        ["alice", None],
    ]


def test_its_priority_changes(alice):
    ticket = make.ticket()
    assert ticket.prioritise(alice, "critical") is True
    assert ticket.prioritise(alice, "critical") is False
    with pytest.raises(ValidationError) as error:
        ticket.prioritise(alice, "urgent")
    assert "critical" in error.value.message_dict["priority"][0]
    (line,) = lines_about(ticket)
    assert line.details["changes"] == {"priority": ["medium", "critical"]}


def test_a_note_is_kept_with_the_line(alice):
    ticket = make.ticket()
    ticket.resolve(alice, note="Cleaned /var")
    ticket.reopen(alice, note="Full again")
    assert [line.details["note"] for line in lines_about(ticket)] == ["Cleaned /var", "Full again"]


def test_when_it_was_resolved_is_known_and_closing_leaves_it(alice):
    ticket = make.ticket()
    ticket.resolve(alice)
    resolved_at = ticket.resolved_at
    assert abs((timezone.now() - resolved_at).total_seconds()) < 60
    ticket.close(alice)
    assert ticket.resolved_at == resolved_at
    ticket.reopen(alice)
    assert ticket.resolved_at is None


def test_a_change_moves_updated_at(alice):
    ticket = make.ticket()
    Ticket.objects.update(updated_at="2020-01-01T00:00:00Z")
    ticket.prioritise(alice, "low")
    assert (timezone.now() - ticket.updated_at).total_seconds() < 60


def test_a_ticket_opened_by_hand_has_no_failure_to_take_back(alice):
    for job in (None, make.job(status="success")):
        ticket = make.ticket(job=job)
        ticket.resolve(alice)
        ticket.reopen(alice)
        assert ticket.open_key is None


def test_the_queue_has_the_most_urgent_and_then_the_oldest_first():
    rows = [make.ticket(priority=name) for name in ("low", "critical", "high", "critical")]
    make.ticket(priority="critical", status="resolved")
    low, first, high, second = rows
    assert list(Ticket.objects.queue()) == [first, second, high, low]


def test_an_edited_text_is_one_line_and_its_state_none(alice):
    ticket = make.ticket(title="a")
    ticket.title, ticket.status = "b", "closed"
    ticket.save()
    (line,) = lines_about(ticket)
    assert (line.action, line.details["changes"]) == ("ticket.updated", {"title": ["a", "b"]})


@pytest.mark.django_db(transaction=True)
def test_two_who_do_the_same_at_once_do_it_once():
    users = [make.user(role="operator") for _ in range(4)]
    ticket = make.ticket()
    done = at_once([lambda user=user: Ticket.objects.get().resolve(user) for user in users])
    assert sorted(done) == [False, False, False, True]
    assert [line.action for line in lines_about(ticket)] == ["ticket.resolved"]
