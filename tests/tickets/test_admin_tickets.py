"""Tickets in the admin: the queue, opened by hand, worked in bulk."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditLog
from tests import make
from tickets.models import Ticket

LIST = reverse("admin:tickets_ticket_changelist")
ADD = reverse("admin:tickets_ticket_add")


def change(ticket):
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def chosen(action, *tickets, **more):
    return {"action": action, "_selected_action": [ticket.pk for ticket in tickets], **more}


def titles(answer):
    return [ticket.title for ticket in answer.context["cl"].result_list]


def test_the_queue_is_unresolved_and_the_most_urgent_first(client_of, alice):
    for title, priority, status in (
        ("later", "low", "open"),
        ("done", "critical", "resolved"),
        ("now", "critical", "in_progress"),
        ("soon", "high", "open"),
    ):
        make.ticket(title=title, priority=priority, status=status)
    Ticket.objects.filter(title="soon").update(assigned_to=alice)
    client = client_of(alice)
    assert titles(client.get(LIST, {"queue": "unresolved"})) == ["now", "soon", "later"]
    assert titles(client.get(LIST, {"queue": "urgent"})) == ["now", "soon"]
    assert titles(client.get(LIST, {"queue": "mine"})) == ["soon"]
    assert titles(client.get(LIST, {"queue": "nobody"})) == ["now", "later"]
    assert titles(client.get(LIST)) == ["soon", "now", "done", "later"]
    assert titles(client.get(LIST, {"q": "do"})) == ["done"]


def test_an_operator_opens_one_by_hand(client_of, alice):
    form = {"title": "Disk is full", "description": "/var", "priority": "high"}
    assert client_of(alice).post(ADD, form).status_code == 302
    ticket = Ticket.objects.get()
    assert (ticket.created_by, ticket.priority, ticket.status) == (alice, "high", "open")
    assert AuditLog.objects.filter(action="ticket.created", user=alice).exists()


def test_a_title_is_needed_and_nothing_typed_is_lost(client_of, alice):
    answer = client_of(alice).post(ADD, {"title": "", "description": "kept as typed"})
    assert "title" in answer.context["adminform"].form.errors
    assert "kept as typed" in answer.content.decode()


def test_title_and_description_are_edited_and_nothing_else(client_of, alice):
    ticket = make.ticket()
    form = {"title": "New title", "description": "x", "status": "closed", "priority": "critical"}
    client_of(alice).post(change(ticket), form)
    ticket.refresh_from_db()
    assert (ticket.title, ticket.status, ticket.priority) == ("New title", "open", "medium")


def test_the_list_shows_since_when_and_on_how_much(client_of, bob):
    ticket = make.ticket(title="now")
    make.occurrence(ticket), make.occurrence(ticket)
    make.occurrence(ticket, cleared_at=timezone.now())
    Ticket.objects.update(created_at=timezone.now() - timedelta(hours=3))
    page = client_of(bob).get(LIST).content.decode()
    assert "3 h ago" in page and "2 servers" in page
    assert ticket.get_absolute_url() in page


@pytest.mark.parametrize(
    ("action", "before", "after", "said"),
    [
        ("start", "open", "in_progress", "In progress"),
        ("resolve", "open", "resolved", "Resolved"),
        ("close", "resolved", "closed", "Closed"),
        ("reopen", "closed", "open", "Reopened"),
    ],
)
def test_many_are_moved_at_once(client_of, alice, action, before, after, said):
    tickets = [make.ticket(status=before) for _ in range(3)]
    answer = client_of(alice).post(LIST, chosen(action, *tickets), follow=True)
    assert said in answer.content.decode()
    assert {ticket.status for ticket in Ticket.objects.all()} == {after}


def test_assigned_to_me(client_of, alice):
    ticket = make.ticket()
    client_of(alice).post(LIST, chosen("assign_to_me", ticket))
    ticket.refresh_from_db()
    assert ticket.assigned_to == alice


def test_assigned_to_somebody(client_of, alice, boss, bob):
    ticket = make.ticket()
    client = client_of(alice)
    page = client.post(LIST, chosen("assign_to", ticket)).content.decode()
    assert ">boss</option>" in page and ">bob</option>" not in page
    client.post(LIST, chosen("assign_to", ticket, confirmed="yes", assignee=boss.pk))
    ticket.refresh_from_db()
    assert ticket.assigned_to == boss
    client.post(LIST, chosen("assign_to", ticket, confirmed="yes", assignee=""))
    ticket.refresh_from_db()
    assert ticket.assigned_to is None


def test_a_viewer_only_reads(client_of, bob):
    ticket = make.ticket()
    client = client_of(bob)
    assert client.get(ADD).status_code == 403
    assert client.post(change(ticket), {"title": "x"}).status_code == 403
    client.post(LIST, chosen("resolve", ticket))
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_nobody_deletes_one(client_of, boss):
    ticket = make.ticket()
    path = reverse("admin:tickets_ticket_delete", args=[ticket.pk])
    assert client_of(boss).post(path, {"post": "yes"}).status_code == 403
    assert Ticket.objects.exists()
