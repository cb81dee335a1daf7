"""Relaunching from a ticket: on the servers where it still fails, and nowhere else."""

from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.models import Outcome, Run
from tests import make
from tests.automation.sending import send_relaunch
from tests.recording import recorded
from tickets.receivers import open_ticket
from tickets.relaunching import servers_still_failing

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    """A ticket for one playbook that failed in two runs: on web1 and web2, then on web3."""
    playbook, ticket = make.playbook(name="Deploy"), make.ticket(title="Restart fails")
    for names in (("web1", "web2"), ("web3",)):
        run = make.run(playbook=playbook, state="finished", started_at=timezone.now())
        for name in names:
            server = make.server(hostname=name, environment="production")
            make.occurrence(ticket, make.job(run=run, server=server, status="failed"))
    return ticket


def path_of(ticket):
    return reverse("tickets:ticket_relaunch", args=[ticket.ticket_id])


def clear(ticket, *names):
    """These servers have succeeded since."""
    found = ticket.occurrences.filter(job__server__hostname__in=names)
    found.update(cleared_at=timezone.now())


def names(servers):
    return [server.hostname for server in servers]


def test_only_servers_that_still_fail_are_taken(ticket):
    assert names(servers_still_failing(ticket)) == ["web1", "web2", "web3"]
    clear(ticket, "web2")
    assert names(servers_still_failing(ticket)) == ["web1", "web3"]
    # Deactivated servers cannot be used.
    server = servers_still_failing(ticket)[0]
    type(server).objects.filter(pk=server.pk).update(is_active=False)
    assert names(servers_still_failing(ticket)) == ["web3"]
    clear(ticket, "web3")
    assert servers_still_failing(ticket) == []


def test_a_success_clears_a_server_by_itself(ticket, alice):
    job = ticket.occurrences.get(job__server__hostname="web1").job
    run = make.relaunch(job.run, alice, servers=[job.server])
    run.claim({job.server_id})
    run.finish({}, Outcome(job.Status.SUCCESS))
    assert names(servers_still_failing(ticket)) == ["web2", "web3"]


def test_the_button_says_where_and_the_page_asks(client_of, alice, ticket):
    client = client_of(alice)
    clear(ticket, "web2")
    page = unescape(client.get(ticket.get_absolute_url()).content.decode())
    assert "warning</span>Relaunch on 2 failing servers (production)" in page
    answer = client.get(path_of(ticket))
    page = unescape(answer.content.decode())
    assert "Relaunch on 2 servers (production)?" in page and "(web1 and web3)" in page
    sent = {**dict(answer.context["sent"]), "confirmed": "yes"}
    with recorded() as lines:
        client.post(path_of(ticket), sent)
    assert lines == ["run.launched by alice"]
    again = Run.objects.latest("id")
    assert names(job.server for job in again.jobs.order_by("server")) == ["web1", "web3"]
    assert again.relaunch_of.jobs.get().server.hostname == "web3"


def test_what_succeeds_meanwhile_is_not_run_again(client_of, alice, ticket):
    client = client_of(alice)
    sent = dict(client.get(path_of(ticket)).context["sent"])
    clear(ticket, "web1")
    answer = client.post(path_of(ticket), {**sent, "confirmed": "yes"}, follow=True)
    assert "Nothing was launched" in answer.content.decode() and Run.objects.count() == 2


def test_the_form_to_edit_has_the_same_servers(client_of, alice, ticket):
    clear(ticket, "web2")
    client = client_of(alice)
    query = client.get(path_of(ticket)).context["edit_query"]
    form = client.get(f"{reverse('automation:job_launch')}?{query}").context["form"]
    keys = {server.pk for server in servers_still_failing(ticket)}
    assert set(form["servers"].value()) == keys


def test_nothing_is_offered_once_it_is_over(client_of, alice, bob, ticket):
    assert "Relaunch" not in client_of(bob).get(ticket.get_absolute_url()).content.decode()
    clear(ticket, "web1", "web2", "web3")
    client = client_of(alice)
    assert "Relaunch" not in client.get(ticket.get_absolute_url()).content.decode()
    answer = client.post(path_of(ticket), follow=True)
    assert "every server has succeeded since" in answer.content.decode()
    assert Run.objects.count() == 2


def test_the_api_does_the_same(api_of, alice, bob, ticket):
    clear(ticket, "web2")
    path, client = f"/api/tickets/{ticket.ticket_id}/relaunch", api_of(alice)
    plan = client.post(path, {"dry_run": True}).json()
    assert plan["servers"] == ["web1", "web3"] and plan["production_count"] == 2
    clear(ticket, "web1")
    changed = client.post(path, {"expect": plan["digest"]})
    assert changed.status_code == 409 and changed.json()["rehearsal"]["servers"] == ["web3"]
    answer = client.post(path, {"expect": changed.json()["rehearsal"]["digest"]})
    assert answer.status_code == 201
    assert [job["server"] for job in answer.json()["jobs"]] == ["web3"]
    assert client.post(path, {"only": "failed"}).status_code == 400
    clear(ticket, "web3")
    assert client.post(path).status_code == 409
    assert api_of(bob).post(path).status_code == 403


def test_each_inventory_has_a_ticket_of_its_own(alice, client_of):
    """A run is on one inventory, so one ticket of two could not be relaunched."""
    playbook, staging = make.playbook(), make.inventory(name="Staging")
    servers = [make.server(hostname="web1"), make.server(hostname="web1", inventory=staging)]
    jobs = [make.job(server=each, playbook=playbook, status="failed") for each in servers]
    tickets = [open_ticket(job) for job in jobs]
    assert tickets[0] != tickets[1]
    for ticket, server in zip(tickets, servers, strict=True):
        send_relaunch(client_of(alice), path_of(ticket), {})
        assert Run.objects.latest("id").jobs.get().server == server
