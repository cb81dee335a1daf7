"""The buttons on a ticket's page."""

import uuid

import pytest
from django.urls import reverse

from audit.models import AuditLog
from tests import make

MOVES = {
    "start": ("open", "in_progress"),
    "resolve": ("in_progress", "resolved"),
    "close": ("resolved", "closed"),
    "reopen": ("closed", "open"),
}
BUTTONS = [*MOVES, "assign", "prioritise"]


def url(verb, ticket):
    return reverse(f"tickets:ticket_{verb}", args=[ticket.ticket_id])


@pytest.mark.parametrize("verb", MOVES)
def test_it_moves_and_is_recorded_with_the_note(client_of, alice, verb):
    before, after = MOVES[verb]
    ticket = make.ticket(status=before)
    answer = client_of(alice).post(url(verb, ticket), {"note": "seen it"})
    assert answer.url == ticket.get_absolute_url()
    ticket.refresh_from_db()
    assert ticket.status == after
    line = AuditLog.objects.about(ticket).first()
    assert line.user == alice
    assert line.details.get("note") == (None if verb == "start" else "seen it")


def test_the_wrong_state_is_refused_in_words(client_of, alice):
    ticket = make.ticket(status="closed")
    answer = client_of(alice).post(url("start", ticket), follow=True)
    assert "reopen it first" in answer.content.decode()
    again = client_of(alice).post(url("close", ticket), follow=True)
    assert "Already closed" in again.content.decode()
    assert not AuditLog.objects.about(ticket).exists()


def test_only_what_its_state_allows_is_offered(client_of, alice):
    offered = {
        "open": {"start", "resolve", "close"},
        "in_progress": {"resolve", "close"},
        "resolved": {"close", "reopen"},
        "closed": {"reopen"},
    }
    for status, verbs in offered.items():
        ticket = make.ticket(status=status)
        page = client_of(alice).get(ticket.get_absolute_url()).content.decode()
        assert {verb for verb in MOVES if url(verb, ticket) in page} == verbs, status


def test_it_is_given_to_somebody_and_to_nobody(client_of, alice, boss):
    ticket = make.ticket()
    client = client_of(alice)
    for assignee, expected in ((boss.pk, boss), ("", None)):
        client.post(url("assign", ticket), {"assignee": assignee})
        ticket.refresh_from_db()
        assert ticket.assigned_to == expected
    # The button "Assign to me" comes after the list of people in the same form.
    client.post(url("assign", ticket), {"assignee": ["", alice.pk]})
    ticket.refresh_from_db()
    assert ticket.assigned_to == alice


def test_it_is_not_given_to_those_who_do_not_work_tickets(client_of, alice, bob, charlie):
    ticket = make.ticket()
    for person in (bob.pk, charlie.pk, 99_999, "x"):
        answer = client_of(alice).post(url("assign", ticket), {"assignee": person})
        assert answer.status_code == 404
    ticket.refresh_from_db()
    assert ticket.assigned_to is None


def test_its_priority_is_set(client_of, alice):
    ticket = make.ticket()
    client = client_of(alice)
    client.post(url("prioritise", ticket), {"priority": "critical"})
    ticket.refresh_from_db()
    assert ticket.priority == "critical"
    answer = client.post(url("prioritise", ticket), {"priority": "panic"}, follow=True)
    assert "is not a priority" in answer.content.decode()


@pytest.mark.parametrize("verb", BUTTONS)
def test_wrong_method_unknown_ticket_viewer_and_stranger(client_of, client, alice, bob, verb):
    ticket = make.ticket()
    unknown = reverse(f"tickets:ticket_{verb}", args=[uuid.uuid4()])
    assert client_of(alice).get(url(verb, ticket)).status_code == 405
    assert client_of(alice).post(unknown).status_code == 404
    assert client_of(bob).post(url(verb, ticket)).status_code == 403
    assert AuditLog.objects.filter(action="access.denied", user=bob).exists()
    answer = client.post(url(verb, ticket))
    assert answer.status_code == 302 and answer.url.startswith(reverse("admin:login"))
