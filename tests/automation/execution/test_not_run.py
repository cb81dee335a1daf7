"""Servers without a play, plays without a server, and plays without tasks."""

import pytest

from automation.models import Job, Run
from tests import make
from tests.automation.running import run_here, run_one
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

ENDS_FIRST = """
- name: Upgrade what is old
  hosts: all
  gather_facts: false
  tasks:
    - name: Leave the new ones alone
      ansible.builtin.meta: {action}
      when: is_new | default(false)
    - name: Upgrade
      ansible.builtin.debug: {{msg: upgraded}}
"""


@pytest.mark.parametrize("action", ["end_host", "end_play"])
def test_a_play_that_ends_before_its_first_task_is_a_success(action: str) -> None:
    local = make.localhost().variables

    job = run_one(
        ENDS_FIRST.format(action=action), make.localhost(variables={**local, "is_new": True})
    )

    assert (job.status, job.error_message) == (Job.Status.SUCCESS, "")
    assert not any(job.counts.values())
    assert job.run.outcome == Run.End.SUCCESS
    assert not Ticket.objects.exists()


PART_OF_THEM = """
- name: Web only
  hosts: "{{ target | default('web:!spare') }}"
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: did}
"""


def server(name: str, *groups: str) -> object:
    return make.in_groups(make.localhost(hostname=name), *groups)


def test_a_server_that_no_play_is_for_is_skipped_with_the_true_reason() -> None:
    playbook = make.playbook(PART_OF_THEM)
    web, data = run_here(playbook, server("one", "web"), server("two", "data"))  # type: ignore[arg-type]

    assert web.status == Job.Status.SUCCESS
    assert data.status == Job.Status.SKIPPED
    assert data.error_message == "No play targets two: the playbook's plays target web:!spare."
    assert data.failure_kind == ""
    assert data.run.outcome == Run.End.SUCCESS
    assert not Ticket.objects.exists()


def test_a_failure_elsewhere_does_not_make_a_skipped_server_fail() -> None:
    playbook = make.playbook(PART_OF_THEM.replace("debug: {msg: did}", "fail: {msg: broken}"))
    web, data = run_here(playbook, server("one", "web"), server("two", "data"))  # type: ignore[arg-type]

    assert (web.status, data.status) == (Job.Status.FAILED, Job.Status.SKIPPED)
    assert data.run.outcome == Run.End.FAILED


def test_when_no_play_took_in_anybody_it_is_a_failure_without_templates() -> None:
    job = run_one(PART_OF_THEM, server("two", "data"))  # type: ignore[arg-type]

    assert (job.status, job.failure_kind) == (Job.Status.FAILED, "no_hosts_matched")
    assert "web:!spare" in job.error_message
    assert "{{" not in job.error_message


SEVERAL_PLAYS = """
- name: Build on the controller
  hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: built}
- name: Provision
  hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.add_host: {name: fresh1, groups: fresh}
- name: Configure what was provisioned
  hosts: fresh
  gather_facts: false
  tasks:
    - ansible.builtin.command: "false"
- name: Elsewhere
  hosts: neighbour
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: there}
- name: Nobody at all
  hosts: nothing_of_that_name
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: nowhere}
"""


def test_plays_without_a_server_of_the_run_are_named_with_their_reason() -> None:
    make.localhost(hostname="neighbour")
    playbook = make.playbook(SEVERAL_PLAYS)

    (job,) = run_here(playbook, make.localhost(hostname="one"))

    assert job.status == Job.Status.SUCCESS
    idle = {play["play"]: play for play in job.run.idle_plays}
    assert list(idle) == [
        "Build on the controller",
        "Configure what was provisioned",
        "Elsewhere",
        "Nobody at all",
    ]
    assert "the worker itself" in idle["Build on the controller"]["reason"]
    assert "fresh1" in idle["Configure what was provisioned"]["reason"]
    assert "neighbour" in idle["Elsewhere"]["reason"]
    assert "no server in the inventory" in idle["Nobody at all"]["reason"]
    assert idle["Elsewhere"]["place"] == f"{playbook.file_path}:17"
    assert idle["Elsewhere"]["hosts"] == "neighbour"


def test_a_pattern_that_is_a_secret_too_is_named_as_it_is_written() -> None:
    plays = PART_OF_THEM.replace("{{ target | default('web:!spare') }}", "web")
    playbook = make.playbook(plays, accepts_undeclared=True)
    servers = [server("web1", "web"), server("two", "data")]

    _, data = run_here(playbook, *servers, extra_vars={"db_password": "web"})  # type: ignore[arg-type]

    assert data.error_message == "No play targets two: the playbook's plays target web."
