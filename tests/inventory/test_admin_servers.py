"""Servers in the admin: edited, kept if history names them, selected for runs."""

import re

import pytest
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Job, Playbook, Run
from inventory.host_variables import opened_variables
from inventory.models import Server
from tests import make

LIST = reverse("admin:inventory_server_changelist")


def change(server):
    return reverse("admin:inventory_server_change", args=[server.pk])


def chosen(action, *servers, **more):
    return {"action": action, "_selected_action": [server.pk for server in servers], **more}


def form(**more):
    return {
        "hostname": "web1.example.com",
        "ip_address": "192.0.2.1",
        "ssh_port": 22,
        "environment": "production",
        "tags": '{"role": "web"}',
        "variables": "{}",
        "is_active": "on",
    } | more


def test_an_admin_adds_one_and_it_is_recorded(client_of, boss):
    answer = client_of(boss).post(reverse("admin:inventory_server_add"), form())
    assert answer.status_code == 302
    server = Server.objects.get()
    assert server.tags == {"role": "web"}
    assert AuditLog.objects.about(server).get().action == "server.created"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", "not a name"),
        ("ip_address", "999.1.1.1"),
        ("ssh_port", "0"),
        ("ssh_port", "65536"),
        ("tags", "[1]"),
        ("tags", "{"),
        ("variables", "[]"),
        ("ssh_key_path", "../../etc/shadow"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_is_lost(client_of, boss, field, value):
    page = reverse("admin:inventory_server_add")
    answer = client_of(boss).post(page, form(description="kept as typed", **{field: value}))
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert "kept as typed" in answer.content.decode()
    assert not Server.objects.exists()


def test_others_are_led_to_the_page_and_change_nothing(client_of, alice, bob):
    server = make.server(hostname="web7.example.com")
    for user in (alice, bob):
        client = client_of(user)
        assert client.get(change(server)).url == server.get_absolute_url()
        assert client.post(change(server), form(hostname="x.example.com")).status_code == 403
    server.refresh_from_db()
    assert server.hostname == "web7.example.com"


def test_the_list_and_a_saved_form_lead_to_the_page(client_of, boss):
    server = make.server()
    client = client_of(boss)
    assert f'href="{server.get_absolute_url()}"' in client.get(LIST).content.decode()
    assert client.post(change(server), form()).url == server.get_absolute_url()
    added = client.post(reverse("admin:inventory_server_add"), form(hostname="new.example.com"))
    assert added.url == Server.objects.get(hostname="new.example.com").get_absolute_url()


def test_one_that_history_names_stays(client_of, boss):
    server = make.job(status="success").server
    path = reverse("admin:inventory_server_delete", args=[server.pk])
    client = client_of(boss)
    assert "used by jobs; deactivate it instead" in client.get(path).content.decode()
    client.post(path, {"post": "yes"})
    client.post(LIST, chosen("delete_selected", server, post="yes"))
    assert Server.objects.filter(pk=server.pk).exists()


def test_one_without_history_goes_and_that_is_recorded(client_of, boss):
    server = make.server()
    client_of(boss).post(LIST, chosen("delete_selected", server, post="yes"))
    assert not Server.objects.exists()
    assert AuditLog.objects.filter(action="server.deleted", user=boss).exists()


def test_running_a_playbook_leads_to_the_form_with_the_servers_chosen(client_of, alice):
    servers = [make.server() for _ in range(3)]
    page = client_of(alice).post(LIST, chosen("run_playbook", *servers[:2])).content.decode()
    assert "Selected: 2 of 3 active servers" in page
    assert f'action="{reverse("automation:job_launch")}"' in page


def test_all_servers_of_a_long_list_can_be_chosen(client_of, alice):
    for _ in range(60):
        make.server()
    form = chosen("run_playbook", Server.objects.first(), select_across="1")
    page = client_of(alice).post(LIST, form).content.decode()
    assert "Selected: 60 of 60 active servers" in page


def test_checking_the_connection_launches_our_own_playbook(client_of, alice):
    client = client_of(alice)
    servers = [make.server(environment="production"), make.server(environment="staging")]
    asked = client.post(LIST, chosen("check_connection", *servers))
    assert not Run.objects.exists()
    assert "Check the connection to 2 servers (1 in production)?" in asked.content.decode()
    sent = {"confirmed": "yes", **dict(asked.context["sent"])}
    sent["_selected_action"] = [server.pk for server in servers]
    for _ in range(2):
        client.post(LIST, sent)
    run = Run.objects.get()
    assert run.playbook == Playbook.objects.connection_check() and run.jobs.count() == 2
    # Its servers are others by now.
    Server.objects.filter(pk=servers[1].pk).update(environment="production")
    assert client.post(LIST, sent | {"once": "another"}).status_code == 409
    assert Run.objects.count() == 1


def test_checking_an_inactive_server_is_refused_with_the_reason(client_of, alice):
    server = make.server(is_active=False)
    asked = client_of(alice).post(LIST, chosen("check_connection", server))
    sent = {"confirmed": "yes", **dict(asked.context["sent"])}
    answer = client_of(alice).post(LIST, sent, follow=True)
    assert f"Inactive: {server}" in answer.content.decode()
    path = reverse("automation:server_check", args=[server.pk])
    assert f"Inactive: {server}" in client_of(alice).post(path, follow=True).content.decode()
    assert not Run.objects.exists()


def test_a_viewer_is_offered_no_action(client_of, bob):
    server = make.server()
    page = client_of(bob).get(LIST).content.decode()
    assert "run_playbook" not in page and "check_connection" not in page
    client_of(bob).post(LIST, chosen("run_playbook", server))
    client_of(bob).post(LIST, chosen("check_connection", server))
    assert not Run.objects.exists()


class TestTheCheckButton:
    def test_it_leads_to_the_job(self, client_of, alice):
        server = make.server()
        path = reverse("automation:server_check", args=[server.pk])
        assert path in client_of(alice).get(server.get_absolute_url()).content.decode()
        answer = client_of(alice).post(path)
        assert answer.url == Job.objects.get().get_absolute_url()

    def test_pressed_twice_it_checks_once(self, client_of, alice):
        server, client = make.server(environment="production"), client_of(alice)
        page = client.get(server.get_absolute_url()).content.decode()
        [key] = re.findall(r'<input type="hidden" name="key" value="(\w+)">', page)
        path = reverse("automation:server_check", args=[server.pk])
        first, second = client.post(path, {"key": key}), client.post(path, {"key": key})
        assert first.url == second.url == Job.objects.get().get_absolute_url()
        # The page has a new key the next time.
        assert key not in client.get(server.get_absolute_url()).content.decode()

    def test_wrong_method_unknown_server_viewer_and_stranger(self, client_of, client, alice, bob):
        path = reverse("automation:server_check", args=[make.server().pk])
        assert client_of(alice).get(path).status_code == 405
        assert client_of(alice).post("/servers/99999/check/").status_code == 404
        assert client_of(bob).post(path).status_code == 403
        assert client.post(path).status_code == 302
        assert not Run.objects.exists()


def test_the_numbers_of_the_home_page_filter(client_of, bob):
    make.server(environment="production"), make.server(environment="staging")
    answer = client_of(bob).get(LIST, {"environment": "production", "is_active__exact": "1"})
    assert answer.context["cl"].result_count == 1


def test_a_secret_among_the_variables_is_never_shown_and_stays(client_of, boss, bob):
    secret = {"ansible_become_password": "hunter2", "db": {"password": "hunter3", "port": 1}}
    server = make.server(variables=secret)
    pages = (bob, server.get_absolute_url()), (boss, server.get_absolute_url())
    for user, path in (*pages, (boss, change(server))):
        page = client_of(user).get(path).content.decode()
        assert "hunter" not in page and "********" in page
    masked = '{"ansible_become_password": "********", "db": {"password": "********", "port": 2}}'
    answer = client_of(boss).post(change(server), form(variables=masked))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    server.refresh_from_db()
    assert "hunter" not in str(server.variables)
    assert opened_variables(server) == {**secret, "db": {"password": "hunter3", "port": 2}}
    trail = AuditLog.objects.about(server).get().details["changes"]
    assert "hunter" not in str(trail)


def test_a_mask_without_a_secret_behind_it_is_refused(client_of, boss):
    page = reverse("admin:inventory_server_add")
    answer = client_of(boss).post(page, form(variables='{"db_password": "********"}'))
    assert "variables" in answer.context["adminform"].form.errors
    assert not Server.objects.exists()
