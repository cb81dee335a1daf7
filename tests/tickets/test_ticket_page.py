"""A ticket's page: what is known, its activity, and its buttons."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from audit.models import AuditLog
from tests import make
from tickets.history import read_ticket_history
from tickets.models import TicketComment


def comment_url(ticket):
    return reverse("tickets:ticket_comment", args=[ticket.ticket_id])


def edit_url(comment):
    return reverse("tickets:comment_edit", args=[comment.ticket.ticket_id, comment.pk])


def test_it_shows_what_is_known(client_of, bob):
    job = make.job(status="failed")
    ticket = make.ticket(job=job, description="**Look** at `df`", priority="critical")
    make.occurrence(ticket, job), make.occurrence(ticket)
    answer = client_of(bob).get(ticket.get_absolute_url())
    page = answer.content.decode()
    assert f"Open · {ticket} | InfraOps</title>" in page
    assert "<strong>Look</strong> at <code>df</code>" in page
    assert job.get_absolute_url() in page and "Open for" in page
    # A viewer only reads.
    assert "/resolve/" not in page and "/comment/" not in page and "Relaunch" not in page


def test_its_queries_do_not_grow_with_what_happened(
    client_of, alice, django_assert_max_num_queries
):
    ticket = make.ticket()
    for _ in range(5):
        make.occurrence(ticket)
        make.comment(ticket)
        ticket.prioritise(alice, "high"), ticket.prioritise(alice, "low")
    client = client_of(alice)
    with django_assert_max_num_queries(8):
        client.get(ticket.get_absolute_url())


def test_an_unknown_one_is_404(client_of, bob):
    unknown = "00000000-0000-4000-8000-000000000000"
    assert client_of(bob).get(reverse("tickets:ticket_detail", args=[unknown])).status_code == 404


def test_somebody_says_something(client_of, alice):
    ticket = make.ticket()
    answer = client_of(alice).post(comment_url(ticket), {"text": " Disk **full** "}, follow=True)
    comment = TicketComment.objects.get()
    assert (comment.created_by, comment.text) == (alice, "Disk **full**")
    page = answer.content.decode()
    assert "Disk <strong>full</strong>" in page and edit_url(comment) in page
    line = AuditLog.objects.about(ticket).get()
    assert (line.action, line.user, line.details["comment"]) == (
        "ticket.commented",
        alice,
        comment.pk,
    )


def test_nothing_is_no_comment(client_of, alice):
    ticket = make.ticket()
    page = client_of(alice).post(comment_url(ticket), {"text": "  "}, follow=True)
    assert "Write a comment first." in page.content.decode()
    with pytest.raises(ValidationError):
        ticket.comment(alice, " ")
    with pytest.raises(ValidationError):
        ticket.comment(alice, "x" * (TicketComment.LONGEST + 1))
    assert not TicketComment.objects.exists()


def test_a_viewer_says_nothing(bob):
    with pytest.raises(PermissionDenied):
        make.ticket().comment(bob, "Hello")


def test_one_edits_ones_own_and_the_trail_keeps_what_it_said(client_of, alice, boss):
    comment = make.comment(make.ticket(), alice, "First")
    assert client_of(alice).get(edit_url(comment)).status_code == 200
    client_of(alice).post(edit_url(comment), {"text": "Second"})
    comment.refresh_from_db()
    assert comment.text == "Second"
    line = AuditLog.objects.about(comment.ticket).get()
    assert line.details["changes"] == {"text": ["First", "Second"]}
    assert not comment.edit(alice, "Second")
    assert client_of(boss).post(edit_url(comment), {"text": "Third"}).status_code == 403


def test_one_takes_ones_own_away_and_an_admin_any(client_of, alice, boss):
    ticket = make.ticket()
    own, other = make.comment(ticket, alice, "Mine"), make.comment(ticket)
    client_of(alice).post(edit_url(own), {"remove": "yes"})
    assert client_of(alice).post(edit_url(other), {"remove": "yes"}).status_code == 403
    assert list(ticket.comments.all()) == [other]
    assert other.remove(boss) and not TicketComment.objects.exists()
    removed = AuditLog.objects.filter(action="ticket.comment_removed").first()
    assert removed.details["changes"]["text"] == ["Seen", None]


def test_the_story_is_told_in_order_and_in_words(alice, boss):
    ticket = make.ticket()
    ticket.start(alice)
    ticket.comment(alice, "Looking at it")
    ticket.assign(alice, boss)
    ticket.prioritise(boss, "critical")
    ticket.resolve(boss, "Was the disk")
    told = [(event.who, event.words, event.note) for event in read_ticket_history(ticket)]
    assert told == [
        ("alice", "started work on it", ""),
        ("alice", "", ""),
        ("alice", "assigned it to boss", ""),
        ("boss", "set the priority to critical", ""),
        ("boss", "resolved it", "Was the disk"),
    ]


class TestAPI:
    def url(self, ticket):
        return reverse("api:ticket-comments", args=[ticket.ticket_id])

    def test_comments_are_said_and_read(self, api_of, alice, bob):
        ticket = make.ticket()
        said = api_of(alice).post(self.url(ticket), {"text": "Seen"}, format="json")
        assert said.status_code == 201 and said.data["created_by"] == "alice"
        make.comment(ticket, text="Too")
        read = api_of(bob).get(self.url(ticket)).data
        assert [one["text"] for one in read["comments"]] == ["Seen", "Too"]
        rest = api_of(bob).get(self.url(ticket), {"after": read["last"]}).data
        assert rest == {"comments": [], "last": read["last"]}

    def test_one_changes_and_removes_ones_own(self, api_of, alice, boss):
        comment = make.comment(make.ticket(), alice)
        place = f"{self.url(comment.ticket)}/{comment.pk}"
        assert api_of(boss).patch(place, {"text": "No"}, format="json").status_code == 403
        changed = api_of(alice).patch(place, {"text": "Other"}, format="json")
        assert changed.data["text"] == "Other"
        assert api_of(alice).delete(place).status_code == 204
        assert api_of(alice).delete(place).status_code == 404

    def test_what_cannot_be_used_is_400(self, api_of, alice):
        ticket = make.ticket()
        for body in ({}, {"text": ""}, {"text": "x", "unknown": 1}):
            assert api_of(alice).post(self.url(ticket), body, format="json").status_code == 400
        assert api_of(alice).get(self.url(ticket), {"after": "x"}).status_code == 400
