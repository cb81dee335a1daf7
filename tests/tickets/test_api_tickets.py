from uuid import uuid4

import pytest

from audit.models import AuditLog
from automation.models import Job
from tests import make
from tests.recording import recorded
from tickets.models import Ticket

URL = "/api/tickets"


def test_an_operator_opens_a_ticket_by_hand(api_of, alice):
    client = api_of(alice)
    with recorded() as lines:
        response = client.post(URL, {"title": "Disk is full", "priority": "high"})
    assert response.status_code == 201
    ticket = response.json()
    assert (ticket["status"], ticket["priority"]) == ("open", "high")
    assert (ticket["created_by"], ticket["assigned_to"], ticket["job_id"]) == ("alice", None, None)
    assert lines == ["ticket.created by alice"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "", "may not be blank"),
        ("title", "x" * 201, "no more than 200"),
        ("priority", "urgent", "not a valid choice"),
        ("status", "resolved", "This field is read-only."),
        ("assigned_to", "alice", "This field is read-only."),
        ("created_by", "boss", "This field is read-only."),
        ("text", "x", "No such field"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(api_of, alice, field, value, said):
    response = api_of(alice).post(URL, {"title": "x", field: value})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert said in response.json()["detail"]
    assert not Ticket.objects.exists()


def test_a_ticket_shows_where_it_happened(api_of, bob):
    job = make.job(status="failed")
    ticket = make.ticket(job=job)
    make.occurrence(ticket, job)
    shown = api_of(bob).get(f"{URL}/{ticket.ticket_id}").json()
    assert shown["job_id"] == str(job.job_id)
    assert [row["server"] for row in shown["occurrences"]] == [job.server.hostname]
    assert shown["occurrences"][0]["cleared_at"] is None


def test_text_and_priority_are_edited_and_each_recorded_once(api_of, alice):
    ticket, client = make.ticket(priority="low"), api_of(alice)
    url = f"{URL}/{ticket.ticket_id}"
    with recorded() as lines:
        assert client.patch(url, {"title": "Disk of db1 is full"}).status_code == 200
        changed = client.patch(url, {"priority": "critical"})
        client.patch(url, {"priority": "critical", "title": "Disk of db1 is full"})
    assert (changed.json()["title"], changed.json()["priority"]) == (
        "Disk of db1 is full",
        "critical",
    )
    assert lines == ["ticket.updated by alice", "ticket.prioritised by alice"]


def test_its_verbs(api_of, alice):
    ticket, client = make.ticket(), api_of(alice)

    def call(verb: str, **body: str) -> tuple[str, str | None]:
        response = client.post(f"{URL}/{ticket.ticket_id}/{verb}", body)
        assert response.status_code == 200, response.json()
        return response.json()["status"], response.json()["assigned_to"]

    with recorded() as lines:
        assert call("start") == ("in_progress", "alice")
        assert call("resolve", note="Rotated the logs.") == ("resolved", "alice")
        assert call("reopen", note="Full again.") == ("open", "alice")
        assert call("close") == ("closed", "alice")
    assert lines == [
        "ticket.started by alice",
        "ticket.resolved by alice",
        "ticket.reopened by alice",
        "ticket.closed by alice",
    ]
    notes = AuditLog.objects.filter(action__in=["ticket.resolved", "ticket.reopened"])
    assert [line.details["note"] for line in notes] == ["Full again.", "Rotated the logs."]


@pytest.mark.parametrize(
    ("verb", "status", "said"),
    [
        ("start", "in_progress", "Nothing to do: the ticket is in progress"),
        ("start", "closed", "The ticket is closed: reopen it first."),
        ("resolve", "resolved", "Nothing to do: the ticket is resolved"),
        ("resolve", "closed", "The ticket is closed: reopen it first."),
        ("close", "closed", "Nothing to do: the ticket is closed"),
        ("reopen", "open", "Nothing to do: the ticket is open, assigned to nobody."),
    ],
)
def test_a_verb_that_the_status_does_not_allow_is_refused(api_of, alice, verb, status, said):
    ticket, client = make.ticket(status=status), api_of(alice)
    with recorded() as lines:
        response = client.post(f"{URL}/{ticket.ticket_id}/{verb}")
    assert (response.status_code, lines) == (409, [])
    assert said in response.json()["detail"]


def test_assigning(api_of, alice, boss, bob):
    ticket, client = make.ticket(), api_of(alice)
    url = f"{URL}/{ticket.ticket_id}/assign"
    with recorded() as lines:
        assert client.post(url, {"assigned_to": "Boss"}).json()["assigned_to"] == "boss"
        again = client.post(url, {"assigned_to": "boss"})
        viewer = client.post(url, {"assigned_to": "bob"})
        assert client.post(url, {"assigned_to": None}).json()["assigned_to"] is None
    assert (again.status_code, viewer.status_code) == (409, 409)
    assert "bob cannot work on tickets" in viewer.json()["detail"]
    assert lines == ["ticket.assigned by alice"] * 2


@pytest.mark.parametrize("body", [{}, {"assigned_to": "nobody"}, {"assigned_to": 5}, {"to": "x"}])
def test_a_bad_assignment_is_refused(api_of, alice, body):
    ticket = make.ticket()
    response = api_of(alice).post(f"{URL}/{ticket.ticket_id}/assign", body)
    assert response.status_code == 400


@pytest.mark.parametrize("verb", ["start", "resolve", "close", "reopen", "assign"])
def test_verbs_take_no_unknown_field(api_of, alice, verb):
    ticket = make.ticket()
    response = api_of(alice).post(f"{URL}/{ticket.ticket_id}/{verb}", {"nota": "x"})
    assert "nota" in response.json()["fields"]
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_an_unknown_id_is_404(api_of, alice):
    client = api_of(alice)
    for unknown in (uuid4(), "x" * 36, "1"):
        assert client.get(f"{URL}/{unknown}").status_code == 404
        assert client.patch(f"{URL}/{unknown}", {"title": "x"}).status_code == 404
        assert client.post(f"{URL}/{unknown}/start").status_code == 404


def test_a_ticket_is_never_deleted(api_of, boss):
    assert api_of(boss).delete(f"{URL}/{make.ticket().ticket_id}").status_code == 405


def test_a_viewer_only_reads_and_that_is_recorded(api_of, bob):
    ticket, client = make.ticket(), api_of(bob)
    with recorded() as lines:
        assert client.post(f"{URL}/{ticket.ticket_id}/close").status_code == 403
        assert client.patch(f"{URL}/{ticket.ticket_id}", {"title": "x"}).status_code == 403
    assert lines == ["access.denied by bob"] * 2


def test_filters(api_of, alice):
    job = make.job(status=Job.Status.FAILED)
    failed = make.ticket(title="Deploy failed", job=job, assigned_to=alice, priority="high")
    make.occurrence(failed, job)
    make.ticket(title="Old", status="closed", created_by=alice, description="100% full")
    client = api_of(alice)
    found = {
        "status=closed": {"Old"},
        "unresolved=true": {"Deploy failed"},
        "unresolved=false": {"Old"},
        "priority=high": {"Deploy failed"},
        "assigned_to=Alice": {"Deploy failed"},
        "created_by=alice": {"Old"},
        f"job={job.job_id}": {"Deploy failed"},
        "search=0%25 f": {"Old"},
        "created_before=2020-01-01T00:00:00Z": set(),
        "created_after=2020-01-01": {"Old", "Deploy failed"},
    }
    for query, titles in found.items():
        rows = client.get(f"{URL}?{query}").json()["results"]
        assert {row["title"] for row in rows} == titles, query


@pytest.mark.parametrize("query", ["status=new", "job=1", "unresolved=yes", "page=1", "open=true"])
def test_a_parameter_that_cannot_be_used_is_refused(api_of, bob, query):
    response = api_of(bob).get(f"{URL}?{query}")
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [query.partition("=")[0]]


def test_a_list_asks_a_fixed_number_of_times(api_of, bob, alice, query_ceiling):
    for _ in range(10):
        make.ticket(job=make.job(status="failed"), assigned_to=alice)
    client = api_of(bob)
    with query_ceiling(3):  # session, user, rows
        assert len(client.get(URL).json()["results"]) == 10
