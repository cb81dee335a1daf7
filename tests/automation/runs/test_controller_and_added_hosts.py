"""Plays for localhost and for hosts that tasks add: when they run, and how their results show."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from automation.launching import Choice
from automation.models import Job, Playbook, Run
from automation.tasks import run_next
from inventory.models import Inventory, Server
from tests import make
from tests.automation.running import run_here
from tests.recording import recorded
from tickets.models import Ticket

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

PROVISION = """
- name: Provision
  hosts: all
  gather_facts: false
  tasks:
    - name: Register the new machine
      ansible.builtin.add_host:
        name: newvm
        groups: fresh
        ansible_connection: local
- name: Configure what was provisioned
  hosts: fresh
  gather_facts: false
  tasks:
    - name: Look around
      ansible.builtin.debug: {msg: here}
    - name: Set it up
      ansible.builtin.fail: {msg: "no disk"}
"""
BUILD = """
- name: Build on the controller
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Build
      ansible.builtin.set_fact: {artifact: app-1.2.tgz}
- name: Deploy
  hosts: web1:web2
  gather_facts: false
  tasks:
    - name: Ship
      ansible.builtin.debug:
        msg: "{{ hostvars['localhost']['artifact'] | default('NOTHING BUILT') }}"
"""


def run_whole(playbook: Playbook) -> Run:
    """A run on the whole default inventory."""
    run = make.launch(playbook, make.user(role="admin"), Choice(inventory="default"))
    assert run_next() == f"run {run.pk}"
    run.refresh_from_db()
    return run


def said_by(job: Job) -> str:
    return "\n".join(job.task_results.values_list("message", flat=True))


@pytest.fixture
def web() -> list[Server]:
    return [make.localhost(hostname=name) for name in ("web1", "web2")]


# --- On a whole inventory -------------------------------------------------------------------------


def test_on_a_whole_inventory_what_was_added_runs_and_fails_the_run():
    make.localhost(hostname="builder")
    with recorded() as lines:
        run = run_whole(make.playbook(PROVISION, name="provision"))
    assert "--limit" not in run.command
    assert (run.exit_code, run.outcome) == (2, Run.End.FAILED)
    job = run.jobs.get()
    assert job.status == Job.Status.SUCCESS
    (newvm,) = run.other_hosts
    assert (newvm["host"], newvm["kind"], newvm["status"]) == ("newvm", "added", "failed")
    assert newvm["counts"]["failed"] == 1 and newvm["counts"]["ok"] == 1
    assert newvm["task"] == "Set it up" and newvm["place"].endswith(".yml:17")
    assert "no disk" in newvm["message"]
    results = list(run.host_results.values_list("host", "task", "status"))
    assert results == [("newvm", "Look around", "ok"), ("newvm", "Set it up", "failed")]
    assert run.idle_plays == []
    assert "ticket.opened" in " ".join(lines)


def test_it_opens_one_ticket_that_a_later_success_clears():
    make.localhost(hostname="builder")
    playbook = make.playbook(PROVISION, name="provision")
    for _ in range(2):
        run_whole(playbook)
    ticket = Ticket.objects.get()
    assert ticket.title == "provision failed on newvm: Set it up"
    assert "no disk" in ticket.description
    assert ticket.occurrences.count() == 2
    assert ticket.occurrences.filter(cleared_at=None).count() == 1
    make.playbook_file(playbook.file_path, PROVISION.replace("fail: {msg: ", "debug: {msg: "))
    playbook.accept_file(make.user(role="admin"))
    assert run_whole(playbook).outcome == Run.End.SUCCESS
    assert not ticket.occurrences.filter(cleared_at=None).exists()


def test_on_a_whole_inventory_localhost_runs(web):
    run = run_whole(make.playbook(BUILD))
    assert run.outcome == Run.End.SUCCESS
    assert [said_by(job) for job in run.jobs.all()] == ["app-1.2.tgz", "app-1.2.tgz"]
    (controller,) = run.other_hosts
    assert (controller["host"], controller["kind"]) == ("localhost", "controller")
    assert controller["status"] == "success"


def test_a_run_for_localhost_alone_succeeds_there():
    make.localhost(hostname="web1")
    run = run_whole(make.playbook(BUILD.partition("- name: Deploy")[0]))
    assert run.jobs.get().status == Job.Status.SKIPPED
    assert run.outcome == Run.End.SUCCESS


def test_a_server_that_came_since_the_launch_cancels_it(web):
    run = make.launch(make.playbook(BUILD), make.user(role="admin"), Choice(inventory="default"))
    make.localhost(hostname="web3")
    assert run_next() != f"run {run.pk}"
    run.refresh_from_db()
    assert run.outcome == Run.End.CANCELLED
    assert "web3" in run.cancel_reason


# --- On a part ------------------------------------------------------------------------------------


def test_a_part_leaves_out_localhost_and_says_so(web):
    jobs = run_here(make.playbook(BUILD), *web)
    assert [said_by(job) for job in jobs] == ["NOTHING BUILT", "NOTHING BUILT"]
    run = jobs[0].run
    assert "--limit web1,web2 " in run.command
    assert [idle["play"] for idle in run.idle_plays] == ["Build on the controller"]
    assert "does not run plays for localhost" in run.idle_plays[0]["reason"]


def test_a_part_runs_localhost_where_the_playbook_says_so(web):
    playbook = make.playbook(BUILD, runs_localhost=True)
    jobs = run_here(playbook, web[0])
    assert said_by(jobs[0]) == "app-1.2.tgz"
    run = jobs[0].run
    assert "--limit web1,localhost " in run.command
    assert [each["host"] for each in run.other_hosts] == ["localhost"]
    # The other server is not touched.
    assert run.jobs.count() == 1


def test_a_failure_on_the_controller_is_told_and_stops_the_rest(web):
    text = BUILD.replace("set_fact: {artifact: app-1.2.tgz}", "fail: {msg: no compiler}")
    (job,) = run_here(make.playbook(text, runs_localhost=True), web[0])
    run = job.run
    assert run.outcome == Run.End.FAILED
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.NOT_REACHED)
    assert "localhost (task “Build”)" in job.error_message
    assert run.other_hosts[0]["message"].endswith("no compiler")
    assert Ticket.objects.count() == 1


def test_a_server_called_localhost_is_chosen_like_any_other(web):
    make.localhost(hostname="localhost")
    (job,) = run_here(make.playbook(BUILD, runs_localhost=True), web[0])
    assert "--limit web1 " in job.run.command
    assert job.run.other_hosts == []


def test_a_part_never_runs_on_added_hosts(web):
    (job,) = run_here(make.playbook(PROVISION, runs_localhost=True), web[0])
    assert job.run.outcome == Run.End.SUCCESS
    (idle,) = job.run.idle_plays
    assert idle["reason"] == (
        "it targets newvm, added by a task: only a launch on the whole inventory runs there"
    )


def test_switching_localhost_off_stops_what_waits(web):
    playbook = make.playbook(BUILD, runs_localhost=True)
    run = make.launch(playbook, make.user(role="admin"), web)
    Playbook.objects.filter(pk=playbook.pk).update(runs_localhost=False)
    run_next()
    run.refresh_from_db()
    assert run.outcome == Run.End.CANCELLED
    assert "no longer runs plays for localhost" in run.cancel_reason


# --- Relaunching and showing ----------------------------------------------------------------------


def test_a_relaunch_of_a_whole_inventory_is_one(web, boss):
    run = run_whole(make.playbook(BUILD))
    added = make.localhost(hostname="web3")
    again = make.relaunch(run, boss)
    assert again.whole_inventory
    assert set(again.jobs.values_list("server", flat=True)) == {*(w.pk for w in web), added.pk}


def test_pages_and_answers_show_where_it_failed(client_of, api_of, bob, capsys):
    make.localhost(hostname="builder")
    run = run_whole(make.playbook(PROVISION, name="provision"))
    job = run.jobs.get()
    page = client_of(bob).get(run.get_absolute_url()).content.decode()
    assert "On the controller and added hosts" in page and "newvm" in page and "no disk" in page
    assert 'id="other-hosts"' in page
    failed = run.host_results.get(status="failed")
    whole = reverse("automation:run_host_task", args=[run.pk, failed.number])
    assert whole in page
    assert "no disk" in client_of(bob).get(whole).content.decode()
    # The job succeeded, and its page leads to what did not.
    own = client_of(bob).get(job.get_absolute_url()).content.decode()
    assert f"{run.get_absolute_url()}#other-hosts" in own

    answer = api_of(bob).get(f"/api/runs/{run.pk}").json()
    assert (answer["outcome"], answer["whole_inventory"]) == ("failed", True)
    assert answer["other_hosts"][0]["task"] == "Set it up"
    results = api_of(bob).get(f"/api/runs/{run.pk}/host-results?host=newvm").json()
    assert [task["status"] for task in results["tasks"]] == ["ok", "failed"]
    assert results["finished"]
    assert api_of(bob).get(f"/api/jobs/{job.job_id}").json()["run_outcome"] == "failed"


def test_the_command_ends_with_the_status_of_the_run(boss, capsys, monkeypatch):
    make.localhost(hostname="builder")
    make.playbook(PROVISION, name="provision")
    monkeypatch.setattr("automation.launching.following.POLL_SECONDS", 0)
    call_command("run_playbook", "provision", "--inventory=default", "--no-wait")
    run_next()
    run = Run.objects.get()
    assert Inventory.objects.get(servers__jobs__run=run).is_default
    assert run.outcome == Run.End.FAILED
