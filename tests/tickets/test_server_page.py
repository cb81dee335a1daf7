"""A server's page: its state first, then everything known about it.

Tested here because all apps with a part in it are below this one.
"""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Job, Playbook, ServerLock
from tests import make
from tickets.models import Ticket

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def page_of(client, server):
    return client.get(server.get_absolute_url()).content.decode()


@pytest.fixture
def server(db):
    return make.server(hostname="web7.example.com")


def test_a_new_one_says_that_nothing_has_happened_yet(client_of, alice, server):
    page = page_of(client_of(alice), server)
    assert "No finished jobs" in page and "No jobs yet." in page
    assert "The next run accepts the key it is shown and pins it." in page
    assert "No facts yet." in page
    assert "Open tickets" not in page


def test_what_matters_at_night_stands_first(client_of, boss, server):
    server.environment, server.ssh_port, server.description = "production", 2222, "Ask <Kim>"
    server.save()
    make.occurrence(make.ticket(title="It broke"), make.job(server=server, status="failed"))
    page = page_of(client_of(boss), server)
    words = ["io-production", "Ask &lt;Kim&gt;", server.ip_address, "port 2222", "Last job"]
    words += ["Open tickets", "It broke", "Recent jobs", "Inventory variables", "Host key", "Facts"]
    places = [page.index(word) for word in words]
    assert places == sorted(places)
    assert "<textarea" not in page


def test_only_those_who_may_change_it_are_offered_to(client_of, boss, alice, bob, server):
    edit = reverse("admin:inventory_server_change", args=[server.pk])
    for user, is_offered in ((boss, True), (alice, False), (bob, False)):
        assert (f'href="{edit}"' in page_of(client_of(user), server)) is is_offered
    form = client_of(boss).get(edit).content.decode()
    assert f'href="{server.get_absolute_url()}"' in form and "io-strip" not in form


def test_wrong_method_unknown_server_and_stranger(client_of, client, bob, server):
    path = server.get_absolute_url()
    assert client_of(bob).post(path).status_code == 405
    for unknown in ("99999", "9" * 30):
        assert client_of(bob).get(f"/servers/{unknown}/").status_code == 404
    assert client.get(path).status_code == 302


def test_one_that_is_inactive_says_so_and_offers_no_run(client_of, alice):
    page = page_of(client_of(alice), make.server(is_active=False))
    assert (
        "This server is inactive." in page and "Run a playbook<" not in page.split("io-job-head")[1]
    )


def test_the_strip_has_the_last_50_jobs_newest_last(client_of, bob, server):
    playbook = make.playbook(name="Nightly patch")
    run = make.run(playbook=playbook)
    for number in range(55):
        status = "failed" if number % 11 == 0 else "success"
        make.job(run=run, server=server, status=status)
    page = page_of(client_of(bob), server)
    strip = page[page.index('class="io-strip"') : page.index("</ol>", page.index("io-strip"))]
    own = list(Job.objects.filter(server=server).order_by("id"))
    places = [strip.index(job.get_absolute_url()) for job in own[5:]]
    assert strip.count("<li>") == 50 and places == sorted(places)
    assert str(own[4].job_id) not in strip
    assert "Nightly patch" in strip and "at “Restart the service”" in strip
    assert "92%" in page and "46 of the last 50 jobs" in page
    assert f'{reverse("admin:automation_job_changelist")}?server__id__exact={server.pk}"' in page


def test_what_was_cancelled_does_not_spoil_the_rate(client_of, bob, server):
    for status in ("success", "cancelled", "running"):
        make.job(server=server, status=status)
    assert "1 of the last 1 job" in page_of(client_of(bob), server)


def test_it_names_the_last_connection_check_even_before_many_other_jobs(client_of, bob, server):
    check = make.job(
        server=server,
        status="failed",
        run=make.run(playbook=Playbook.objects.connection_check(), state="finished"),
    )
    run = make.run()
    for _ in range(51):
        make.job(run=run, server=server, status="success")
    page = page_of(client_of(bob), server)
    part = page[page.index("Last connection check") : page.index("Success rate<")]
    assert check.get_absolute_url() in part and "Failed" in part


def test_it_says_which_run_holds_it(client_of, bob, server):
    job = make.job(server=server, status="running")
    ServerLock.objects.create(server=server, run=job.run)
    page = page_of(client_of(bob), server)
    assert f'href="{job.run.get_absolute_url()}">Run {job.run.pk} of' in page
    assert "is running on this server" in page


def test_open_tickets_are_those_whose_failure_here_is_not_over(client_of, bob, server):
    shown, over, elsewhere, done = (make.ticket() for _ in range(4))
    failed = [make.job(server=server, status="failed") for _ in range(3)]
    make.occurrence(shown, failed[0])
    make.occurrence(over, failed[1], cleared_at=failed[1].completed_at)
    make.occurrence(elsewhere)
    make.occurrence(done, failed[2])
    Ticket.objects.filter(pk=done.pk).update(status="resolved")
    page = page_of(client_of(bob), server)
    assert shown.title in page
    for ticket in (over, elsewhere, done):
        assert ticket.title not in page


def test_variables_groups_and_facts_stand_there_without_secrets(client_of, bob, server):
    server.tags, server.variables = {"role": "web"}, {"db_password": "hunter2", "port": 80}
    server.credential = make.credential(name="Night shift", ssh_password="hunter3")
    server.save()
    group = make.group("webservers", server)
    make.server_facts(server, ansible_distribution="Debian", ansible_kernel="6.1.0")
    page = page_of(client_of(bob), server)
    assert "Credential Night shift" in page and f'{group.get_absolute_url()}"' in page
    assert "6.1.0" in page and "hunter" not in page


def test_it_makes_as_many_queries_for_a_hundred_jobs_as_for_one(
    client_of, boss, server, django_assert_max_num_queries
):
    server.credential, server.tags = make.credential(), {"role": "web", "site": "fra"}
    server.save()
    run = make.run()
    for _ in range(100):
        make.job(run=run, server=server, status="success")
    for _ in range(12):
        make.occurrence(make.ticket(assigned_to=boss), make.job(server=server, status="failed"))
    make.server_facts(server)
    client = client_of(boss)
    page_of(client, server)
    with django_assert_max_num_queries(15):
        page_of(client, server)


class TestForgettingTheHostKey:
    @pytest.fixture
    def pinned(self, db):
        return make.server(host_key=HOST_KEY)

    def path(self, server):
        return reverse("inventory:server_forget_host_key", args=[server.pk])

    def test_the_page_shows_the_fingerprint_and_only_an_admin_is_offered_it(
        self, client_of, boss, alice, pinned
    ):
        # What ssh-keygen -l prints for this key.
        shown = "ssh-ed25519 SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"
        for user, is_offered in ((boss, True), (alice, False)):
            page = page_of(client_of(user), pinned)
            assert shown in page
            assert (self.path(pinned) in page) is is_offered

    def test_it_is_forgotten_and_recorded(self, client_of, boss, pinned):
        answer = client_of(boss).post(self.path(pinned))
        assert answer.url == pinned.get_absolute_url()
        pinned.refresh_from_db()
        assert pinned.host_key == ""
        line = AuditLog.objects.about(pinned).get()
        assert (line.action, line.user) == ("server.host_key_forgotten", boss)
        assert line.details["host_key"] == HOST_KEY

    def test_where_none_is_pinned_nothing_is_recorded(self, client_of, boss, server):
        answer = client_of(boss).post(self.path(server), follow=True)
        assert "No host key is pinned." in answer.content.decode()
        assert not AuditLog.objects.about(server).exists()

    def test_wrong_method_unknown_server_operator_and_stranger(
        self, client_of, client, boss, alice, pinned
    ):
        path = self.path(pinned)
        assert client_of(boss).get(path).status_code == 405
        assert client_of(boss).post("/servers/99999/forget-host-key/").status_code == 404
        assert client_of(alice).post(path).status_code == 403
        assert client.post(path).status_code == 302
        pinned.refresh_from_db()
        assert pinned.host_key == HOST_KEY
