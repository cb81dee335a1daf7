"""Bulk actions: they ask first, call a verb and record each row, and limit the number of rows."""

from html import unescape

import pytest
from django.contrib import admin
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Job, Playbook, Run
from console.lists import admins
from inventory.host_variables import opened_variables
from inventory.models import Server
from tests import make
from tests.recording import recorded
from tickets.models import Ticket

JOBS = reverse("admin:automation_job_changelist")
SERVERS = reverse("admin:inventory_server_changelist")
PLAYBOOKS = reverse("admin:automation_playbook_changelist")
TICKETS = reverse("admin:tickets_ticket_changelist")


def chosen(action, *rows, **more):
    return {"action": action, "_selected_action": [row.pk for row in rows], **more}


def said(answer):
    return " ".join(unescape(answer.content.decode()).split())


@pytest.mark.parametrize(("path", "make_row"), [(SERVERS, make.server), (PLAYBOOKS, make.playbook)])
def test_records_are_switched_off_and_on(client_of, boss, path, make_row):
    rows, was_off = [make_row(), make_row()], make_row(is_active=False)
    client = client_of(boss)
    form = chosen("deactivate", *rows, was_off)
    page = said(client.post(path, form))
    assert "Deactivate?" in page and str(rows[0]) in page
    assert type(was_off).objects.get(pk=rows[0].pk).is_active
    with recorded() as lines:
        page = said(client.post(path, {**form, "confirmed": "yes"}, follow=True))
    assert lines == [f"{was_off._meta.model_name}.updated by boss"] * 2
    assert f"Already inactive: {was_off}." in page
    model = type(was_off)
    assert not model.objects.filter(pk__in=[row.pk for row in rows], is_active=True).exists()
    client.post(path, chosen("activate", *rows, confirmed="yes"))
    assert model.objects.filter(pk__in=[row.pk for row in rows], is_active=True).count() == 2


def test_servers_are_moved_to_another_environment(client_of, boss):
    servers = [make.server(environment="staging"), make.server(environment="production")]
    client = client_of(boss)
    form = chosen("set_environment", *servers)
    assert "In use: production, staging." in said(client.post(SERVERS, form))
    form["confirmed"] = "yes"
    assert "This field is required" in said(client.post(SERVERS, {**form, "environment": " "}))
    page = said(client.post(SERVERS, {**form, "environment": "Production "}, follow=True))
    assert f"Already in Production: {servers[1]}." in page
    assert set(Server.objects.values_list("environment", flat=True)) == {"production"}
    changes = AuditLog.objects.get(action="server.updated").details["changes"]
    assert changes == {"environment": ["staging", "production"]}


@pytest.mark.parametrize(
    ("action", "key", "value", "before", "after"),
    [
        ("set_tag", "role", "web", {}, {"role": "web"}),
        ("set_tag", "role", "web", {"role": "db", "x": 1}, {"role": "web", "x": 1}),
        ("set_tag", "groups", "web", {"groups": ["db"]}, {"groups": ["db", "web"]}),
        ("set_tag", "groups", "db", {"groups": ["db"]}, {"groups": ["db"]}),
        ("set_tag", "canary", "", {}, {"canary": True}),
        ("remove_tag", "role", "", {"role": ["web", "db"]}, {}),
        ("remove_tag", "role", "web", {"role": ["web", "db"]}, {"role": ["db"]}),
        ("remove_tag", "role", "web", {"role": "web"}, {}),
        ("remove_tag", "role", "web", {"role": "db"}, {"role": "db"}),
        ("remove_tag", "role", "", {"x": 1}, {"x": 1}),
    ],
)
def test_servers_are_tagged(client_of, boss, action, key, value, before, after):
    server = make.server(tags=before, variables={"db_password": "hunter2"})
    form = chosen(action, server, confirmed="yes", key=key, value=value)
    client_of(boss).post(SERVERS, form)
    server.refresh_from_db()
    assert server.tags == after and opened_variables(server) == {"db_password": "hunter2"}
    assert AuditLog.objects.filter(action="server.updated").count() == (before != after)


def test_only_who_may_change_servers_is_offered_that(client_of, alice):
    server = make.server()
    page = client_of(alice).get(SERVERS).content.decode()
    assert "run_playbook" in page and "set_tag" not in page and "deactivate" not in page
    for action in ("deactivate", "set_tag", "set_environment"):
        more = {"confirmed": "yes", "key": "x", "environment": "moon"}
        client_of(alice).post(SERVERS, chosen(action, server, **more))
    server.refresh_from_db()
    assert server.is_active and server.tags == {} and server.environment == "development"


def test_jobs_are_relaunched_run_by_run_on_their_servers(client_of, alice):
    run = make.job(status="failed").run
    jobs = [make.job(run=run, status="failed"), make.job(run=run, status="success")]
    other, waiting = make.job(status="cancelled"), make.job()
    client = client_of(alice)
    form = chosen("relaunch", *jobs, other, waiting)
    asked = client.post(JOBS, form)
    assert "Relaunch 3 runs on 4 servers?" in said(asked)
    form["expect"] = dict(asked.context["sent"])["expect"]
    assert Run.objects.filter(relaunch_of__isnull=False).count() == 0
    form |= {"confirmed": "yes", "once": "0123456789abcdef"}
    page = said(client.post(JOBS, form, follow=True))
    assert f"{waiting.run}: {waiting.run} has not finished yet." in page
    again = Run.objects.get(relaunch_of=run)
    assert {job.server_id for job in again.jobs.all()} == {job.server_id for job in jobs}
    assert Run.objects.get(relaunch_of=other.run).jobs.count() == 1
    # Submitting the page twice acts once.
    client.post(JOBS, form)
    assert Run.objects.filter(relaunch_of__isnull=False).count() == 2


def test_what_a_bulk_relaunch_was_asked_about_is_what_it_does(client_of, alice):
    jobs = [make.job(status="failed") for _ in range(2)]
    client, form = client_of(alice), chosen("relaunch", *jobs)
    shown = dict(client.post(JOBS, form).context["sent"])["expect"]
    form |= {"confirmed": "yes", "once": "0123456789abcdef"}
    assert client.post(JOBS, form).status_code == 409  # nothing was shown
    server = jobs[1].server
    server.ip_address = "192.0.2.77"
    server.save()
    answer = client.post(JOBS, form | {"expect": shown})
    assert answer.status_code == 409
    assert "Nothing was done: this has changed since it was shown." in said(answer)
    assert not Run.objects.filter(relaunch_of__isnull=False).exists()
    client.post(JOBS, form | {"expect": dict(answer.context["sent"])["expect"]})
    assert Run.objects.filter(relaunch_of__isnull=False).count() == 2


def test_a_bulk_relaunch_asks_about_many_in_few_queries(client_of, alice, query_ceiling):
    server = make.server()
    jobs = [make.job(status="failed", server=server) for _ in range(30)]
    client = client_of(alice)
    with query_ceiling(20):
        client.post(JOBS, chosen("relaunch", *jobs))


def test_a_viewer_relaunches_nothing(client_of, bob):
    job = make.job(status="failed")
    client_of(bob).post(JOBS, chosen("relaunch", job, confirmed="yes"))
    assert Job.objects.count() == 1


def test_tickets_get_a_priority(client_of, alice):
    tickets = [make.ticket(priority="low"), make.ticket(priority="high")]
    client = client_of(alice)
    form = chosen("prioritise", *tickets, confirmed="yes")
    assert "Select a valid choice" in said(client.post(TICKETS, {**form, "priority": "urgent"}))
    with recorded() as lines:
        client.post(TICKETS, {**form, "priority": "high"})
    assert lines == ["ticket.prioritised by alice"]
    assert set(Ticket.objects.values_list("priority", flat=True)) == {"high"}


def test_all_that_match_are_taken_up_to_a_bound(client_of, boss, monkeypatch):
    monkeypatch.setattr(admins, "ACTED_ROWS", 2)
    playbooks = [make.playbook(tags=["web"]) for _ in range(3)]
    client = client_of(boss)
    form = chosen("deactivate", playbooks[0], select_across="1", confirmed="yes")
    page = said(client.post(f"{PLAYBOOKS}?tag=web", form, follow=True))
    assert "takes up to 2 rows at once" in page and "Remove tag web" in page
    assert Playbook.objects.filter(is_active=False).count() == 0
    monkeypatch.setattr(admins, "ACTED_ROWS", 3)
    client.post(f"{PLAYBOOKS}?tag=web", form)
    assert not any(Playbook.objects.get(pk=row.pk).is_active for row in playbooks)


def test_of_many_rows_some_are_named_and_the_others_counted(client_of, boss):
    servers = [make.server() for _ in range(13)]
    page = said(client_of(boss).post(SERVERS, chosen("deactivate", *servers)))
    assert page.count("example.com</li>") == 10 and "… and 3 more" in page


def test_a_run_takes_more_servers_than_a_verb_does_rows():
    servers = admin.site.get_model_admin(Server)
    assert servers.get_acted_rows("run_playbook") > admins.ACTED_ROWS
