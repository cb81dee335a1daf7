"""The page with all lines about one object."""

from uuid import uuid4

import pytest
from django.urls import reverse

from audit.models import AuditLog
from console.objects import story_of
from inventory.models import Server
from tests import make

HOSTILE = "</pre><script>alert(1)</script>\n\"'&"


def story(client, *args, **query):
    return client.get(reverse("audit:story", args=args), query)


def numbers(answer):
    return [entry.line.details["number"] for entry in answer.context["page"].entries]


@pytest.fixture
def told(boss):
    """A server with 120 lines, and another one with lines of its own."""
    server = make.server(hostname="web1.example.com")
    make.audit_line("server.updated", make.server(hostname="web2.example.com"), number=0)
    for number in range(1, 121):
        make.audit_line("server.updated", server, actor=boss, number=number)
    return server


def test_all_lines_of_it_newest_first_by_pages(client_of, boss, told):
    client, key = client_of(boss), str(told.pk)
    first = story(client, "server", key)
    assert numbers(first) == list(range(120, 70, -1))
    second = story(client, "server", key, before=first.context["page"].older)
    assert numbers(second) == list(range(70, 20, -1))
    third = story(client, "server", key, before=second.context["page"].older)
    assert numbers(third) == list(range(20, 0, -1))
    assert third.context["page"].older is None
    again = story(client, "server", key, after=third.context["page"].newer)
    assert numbers(again) == list(range(70, 20, -1))
    newest = story(client, "server", key, after=again.context["page"].newer)
    assert numbers(newest) == list(range(120, 70, -1))
    assert newest.context["page"].newer is None


def test_lines_of_one_moment_are_neither_lost_nor_told_twice(client_of, boss, told):
    line = AuditLog.objects.filter(details__number=60).get()
    AuditLog.objects.bulk_create(
        AuditLog(
            action="server.updated",
            resource_type="server",
            resource_id=str(told.pk),
            details={"number": 1000 + number},
            timestamp=line.timestamp,
        )
        for number in range(60)
    )
    seen, before, client = [], None, client_of(boss)
    while True:
        page = story(client, "server", told.pk, **({"before": before} if before else {}))
        seen += numbers(page)
        before = page.context["page"].older
        if before is None:
            break
    assert len(seen) == len(set(seen)) == 180


def test_it_leads_to_the_object_and_the_object_to_it(client_of, boss, told):
    client = client_of(boss)
    page = story(client, "server", told.pk).content.decode()
    assert f'href="{told.get_absolute_url()}"' in page and "web1.example.com" in page
    history = client.get(reverse("admin:inventory_server_history", args=[told.pk]))
    assert history.headers["Location"] == story_of(told) == f"/audit/server/{told.pk}/"


def test_what_is_gone_keeps_its_last_name(client_of, boss):
    server = make.server(hostname="old.example.com")
    key = server.pk
    make.audit_line("server.updated", server)
    server.hostname = "new.example.com"
    server.save()
    server.delete()
    assert not Server.objects.filter(pk=key).exists()
    page = story(client_of(boss), "server", key).content.decode()
    assert "new.example.com" in page and "Deleted; shown under its last name." in page
    assert "arrow_forward" not in page


def test_an_object_without_a_line_says_so(client_of, boss):
    page = story(client_of(boss), "server", make.server().pk)
    assert page.status_code == 200 and "No audit lines yet." in page.content.decode()


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("server", "999"),
        ("server", "9" * 40),
        ("server", "one"),
        ("spaceship", "1"),
        ("job", "1"),
        ("ticket", str(uuid4())),
        ("<b>", "<b>"),
    ],
)
def test_what_no_line_names_is_told_in_words(client_of, boss, kind, identity):
    answer = story(client_of(boss), kind, identity)
    assert answer.status_code == 404
    assert "The audit trail has no lines about" in answer.content.decode()
    assert "<b>" not in answer.content.decode()


@pytest.mark.parametrize("place", ["999999", "x", "9" * 40, "-1"])
def test_a_place_that_is_none_is_told_in_words(client_of, boss, told, place):
    answer = story(client_of(boss), "server", told.pk, before=place)
    assert answer.status_code == 404 and "no line with this number" in answer.content.decode()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_it_is_for_admins(client_of, request, told, who):
    client = client_of(request.getfixturevalue(who))
    assert story(client, "server", told.pk).status_code == 403


def test_nothing_can_be_sent_to_it(client_of, boss, told):
    path = reverse("audit:story", args=["server", told.pk])
    assert client_of(boss).post(path).status_code == 405


def test_a_run_tells_of_its_jobs_too(client_of, boss):
    job = make.job(status="success")
    make.audit_line("run.launched", job.run, number=1)
    make.audit_line("job.finished", job, number=2)
    make.audit_line("job.finished", make.job(status="success"), number=3)
    page = story(client_of(boss), "run", job.run.pk)
    assert numbers(page) == [2, 1]
    assert "about it and its jobs" in page.content.decode()
    assert f'href="/audit/job/{job.job_id}/"' in page.content.decode()


def test_a_ticket_tells_of_the_jobs_that_failed(client_of, boss):
    job = make.job(status="failed")
    ticket = make.ticket(job=job)
    ticket.add_occurrence(job)
    make.audit_line("ticket.opened", ticket, number=1)
    make.audit_line("job.finished", job, number=2)
    assert numbers(story(client_of(boss), "ticket", ticket.ticket_id)) == [2, 1]


def test_no_value_can_be_html(client_of, boss):
    server = make.server()
    more = {
        "changes": {HOSTILE: [HOSTILE * 9, "x"], "b": ["<i>", {"<i>": "<i>"}]},
        HOSTILE: HOSTILE,
    }
    line = make.audit_line(HOSTILE[:90], server, list=[HOSTILE], deep={"<i>": "<i>"}, **more)
    for path in (story_of(server), reverse("admin:audit_auditlog_change", args=[line.pk])):
        page = client_of(boss).get(path).content.decode()
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page and "<i>" not in page


def test_a_page_takes_few_queries_however_long_the_story(
    client_of, boss, told, django_assert_max_num_queries
):
    client = client_of(boss)
    before = AuditLog.objects.get(details__number=100).pk
    with django_assert_max_num_queries(8):
        assert len(numbers(story(client, "server", told.pk, before=before))) == 50


def test_an_index_finds_the_story(told):
    lines = AuditLog.objects.filter(resource_type="server", resource_id=str(told.pk))
    plan = lines.newest_first()[:51].explain().lower()
    assert "idx_audit_resource" in plan and "scan audit_logs" not in plan


def test_the_story_of_a_job_has_its_launch_and_its_cancel(client_of, boss, alice):
    """Those lines are about its run."""
    run = make.launch(make.playbook(), alice, [make.server(), make.server()])
    make.launch(make.playbook(), alice, [make.server()])
    job = run.jobs.first()
    job.cancel(boss)
    page = story(client_of(boss), "job", str(job.job_id)).context["page"]
    told = {(entry.line.action, entry.line.resource_id) for entry in page.entries}
    assert told == {
        ("run.launched", str(run.pk)),
        ("run.cancel_requested", str(run.pk)),
        ("run.finished", str(run.pk)),
        ("job.finished", str(job.job_id)),
    }
