"""Relaunching a run with options that only admins may set: refused by every way in."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from automation.launching import launch_from, relaunch_problem
from automation.models import Playbook, Run
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

LAUNCH = reverse("automation:job_launch")


@pytest.fixture
def deploy(db) -> Playbook:
    return make.playbook(name="Deploy")


@pytest.fixture
def web1(db):
    return make.server(hostname="web1.example.com")


@pytest.fixture
def of_boss(boss, deploy, web1) -> Run:
    """An admin's ended run with become, as root."""
    run = make.launch(deploy, boss, [web1], become=True, tags="restart")
    run.cancel(boss)
    return run


BECOME = "Only admins may set “Become” (--become) at a launch."


def test_an_operator_does_not_relaunch_what_an_admin_set(api_of, alice, boss, of_boss):
    with pytest.raises(PermissionDenied, match="Only admins may set “Become”"):
        make.relaunch(of_boss, alice)
    for path in (f"/api/runs/{of_boss.pk}", f"/api/jobs/{of_boss.jobs.get().job_id}"):
        assert api_of(alice).post(f"{path}/relaunch", {}).status_code == 403
    assert (
        api_of(alice).post(f"/api/runs/{of_boss.pk}/relaunch", {"become": False}).status_code == 201
    )
    assert make.relaunch(of_boss, boss).become


def test_no_other_way_in_relaunches_it(api_of, client_of, alice, of_boss):
    job = of_boss.jobs.get()
    ticket = make.ticket()
    make.occurrence(ticket, job)
    api = api_of(alice)
    paths = [
        f"/api/runs/{of_boss.pk}",
        f"/api/jobs/{job.job_id}",
        f"/api/tickets/{ticket.ticket_id}",
    ]
    for path in paths:
        for more in ({}, {"dry_run": True}, {"become": True, "tags": "", "verbosity": 0}):
            answer = api.post(f"{path}/relaunch", more)
            assert answer.status_code == 403 and BECOME in str(answer.json()), (path, more)
    Run.objects.filter(pk=of_boss.pk).update(idempotency_key="of the boss")
    key = {"Idempotency-Key": "of the boss"}
    assert api.post(f"{paths[0]}/relaunch", {}, headers=key).status_code == 403
    page = client_of(alice).post(
        reverse("tickets:ticket_relaunch", args=[ticket.ticket_id]), follow=True
    )
    assert BECOME in page.content.decode()
    assert Run.objects.count() == 1


def test_the_pages_say_so_before_the_click(client_of, alice, boss, of_boss):
    assert relaunch_problem(of_boss, alice) == BECOME and not relaunch_problem(of_boss, boss)
    relaunch = reverse("automation:run_relaunch", args=[of_boss.pk])
    for path in (of_boss.get_absolute_url(), of_boss.jobs.get().get_absolute_url()):
        page = client_of(alice).get(path).content.decode()
        assert f"Cannot be relaunched unchanged. {BECOME}" in page
        assert "Relaunch on" not in page and "Edit and relaunch" in page
        assert "Relaunch on" in client_of(boss).get(path).content.decode()
    page = client_of(alice).post(relaunch, {"key": "k"}, follow=True).content.decode()
    assert f"Nothing was launched. {BECOME}" in page
    assert Run.objects.count() == 1


def test_many_at_once_are_refused_one_by_one(client_of, alice, of_boss):
    listed = reverse("admin:automation_job_changelist")
    action = {"action": "relaunch", "_selected_action": of_boss.jobs.get().pk}
    client = client_of(alice)
    asked = dict(client.post(listed, action).context["sent"])
    page = client.post(listed, action | asked | {"confirmed": "yes"}, follow=True)
    assert BECOME in page.content.decode()
    assert Run.objects.count() == 1


def test_many_at_once_are_told_before_the_click(client_of, alice, boss, of_boss, web1):
    plain = make.launch(of_boss.playbook, alice, [web1])
    plain.cancel(alice)
    listed = reverse("admin:automation_job_changelist")

    def asked(user, *runs):
        chosen = [run.jobs.get().pk for run in runs]
        return client_of(user).post(listed, {"action": "relaunch", "_selected_action": chosen})

    page = asked(alice, of_boss, plain)
    assert f"{of_boss}: not relaunched. {BECOME}" in page.context["names"]
    assert page.context["button"] == f"Relaunch this run on {web1}"
    page = asked(alice, of_boss)
    assert page.context["title"] == "None of these can be relaunched unchanged."
    assert 'data-key-help="Go to the button"' not in page.content.decode()
    page = asked(boss, of_boss, plain)
    assert page.context["button"] == f"Relaunch 2 runs on {web1}"
    assert "not relaunched" not in page.content.decode()


def test_edited_it_leaves_the_option_out_and_says_so(client_of, alice, of_boss):
    client = client_of(alice)
    page = client.get(LAUNCH, {"run": of_boss.pk})
    form = page.context["form"]
    assert f"{BECOME} It is left out here." in page.content.decode()
    assert not form["become"].value() and form["tags"].value() == "restart"
    server = of_boss.jobs.get().server
    sent = {"playbook": of_boss.playbook_id, "servers": [server.pk], "verbosity": 0, "forks": 5}
    send_launch(client, sent | {"key": "k", "relaunch_of": of_boss.pk, "tags": "restart"})
    again = Run.objects.get(relaunch_of=of_boss)
    assert again.options() == {"tags": "restart"}


def test_a_launch_from_a_run_can_be_put_right(alice, of_boss):
    assert launch_from(of_boss).become is True
