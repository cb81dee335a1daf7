"""task_results: one row per task and server; their counts match Ansible's recap."""

import socket

import pytest

from automation.execution.masking import Masking
from automation.execution.task_results import result_message
from automation.models import Job, TaskResult
from tests import make
from tests.automation.running import run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

ALL_KINDS = """
- name: Every kind of result
  hosts: all
  gather_facts: false
  tasks:
    - name: Cannot be reached, and may be
      ansible.builtin.raw: "true"
      ignore_unreachable: true
    - name: Fine
      ansible.builtin.debug: {msg: fine}
    - name: A loop that changes
      ansible.builtin.raw: echo {{ item }}
      loop: [a, b]
      when: item == 'b'
    - name: A loop of nothing
      ansible.builtin.debug: {msg: "{{ item }}"}
      loop: [a, b]
      when: false
    - name: Includes
      ansible.builtin.include_tasks: included.yml
      loop: [1, 2]
      when: inventory_hostname != 'second'
    - name: Ignored, and yet it changes something
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: Hidden
      ansible.builtin.raw: echo hunter2
      no_log: true
    - name: Skipped by all but one
      ansible.builtin.meta: end_host
      when: inventory_hostname == 'first'
    - block:
        - name: Broken and rescued
          ansible.builtin.fail: {msg: broken}
      rescue:
        - name: Saves
          ansible.builtin.debug: {msg: saved}
    - name: Only here
      ansible.builtin.raw: "true"
      run_once: true
      notify: Tidy up
    - name: Broken for good
      ansible.builtin.fail: {msg: this is the end}
      when: inventory_hostname == 'second'
  handlers:
    - name: Tidy up
      ansible.builtin.debug: {msg: tidied}
"""


def unreachable() -> object:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    return make.server(hostname="away", ip_address="127.0.0.1", ssh_port=port, ssh_user="nobody")


def recap_of(job: Job) -> dict[str, int]:
    """The numbers that Ansible printed."""
    line = next(line for line in text_of(job).splitlines()[-5:] if line.startswith(str(job.server)))
    pairs = (pair.split("=") for pair in line.partition(":")[2].split())
    return {name: int(number) for name, number in pairs}


def statuses(job: Job) -> dict[str, str]:
    return dict(job.task_results.values_list("task", "status"))


def test_counts_of_results_are_ansibles_recap_on_every_server() -> None:
    make.playbook_file("included.yml", "- ansible.builtin.debug: {msg: included}\n")
    servers = [*(make.localhost(hostname=name) for name in ("first", "second", "third"))]

    jobs = run_here(make.playbook(ALL_KINDS), *servers, unreachable())

    for job in jobs:
        assert job.task_results.counts() == job.counts == recap_of(job), job
        numbers = list(job.task_results.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
    by_name = {str(job.server): statuses(job) for job in jobs}
    assert by_name["third"]["Broken and rescued"] == "rescued"
    assert by_name["second"]["Broken and rescued"] == "rescued"
    assert by_name["second"]["Broken for good"] == "failed"
    assert by_name["third"]["A loop that changes"] == by_name["third"]["Hidden"] == "changed"
    assert by_name["third"]["A loop of nothing"] == "skipped"
    assert by_name["away"]["Cannot be reached, and may be"] == "ignored"
    assert "unreachable" in by_name["away"].values()
    assert {job.status for job in jobs if str(job.server) in ("first", "third")} == {"success"}


def test_a_result_says_where_when_and_how_long() -> None:
    make.playbook_file(
        "web/roles/greeter/tasks/main.yml",
        "- name: Wait\n  ansible.builtin.command: sleep 0.3\n  changed_when: false\n",
    )
    content = "- name: Greet\n  hosts: all\n  gather_facts: false\n  roles: [greeter]\n"

    job = run_here(make.playbook(content, file_path="web/site.yml"), make.localhost())[0]

    result = job.task_results.get()
    assert (result.play, result.task, result.status) == ("Greet", "Wait", "ok")
    assert result.action == "ansible.builtin.command"
    assert result.path == "web/roles/greeter/tasks/main.yml:1"
    assert 0.3 <= result.duration < 30
    assert job.started_at and job.completed_at
    assert job.started_at <= result.started_at <= job.completed_at


def test_secrets_are_masked_and_hidden_results_say_nothing() -> None:
    playbook = make.playbook(
        """
- hosts: all
  gather_facts: false
  tasks:
    - name: Says it
      ansible.builtin.debug: {msg: "it is {{ token }}"}
    - name: Hides it
      ansible.builtin.copy: {content: "hidden {{ token }}", dest: "{{ playbook_dir }}/hidden"}
      no_log: true
    - name: Shows the difference
      ansible.builtin.copy: {content: "key={{ token }}\\n", dest: "{{ playbook_dir }}/shown"}
""",
        variables={"token": {"type": "string", "secret": True, "required": True}},
    )

    options = {"diff_mode": True, "extra_vars": {"token": "hunter2hunter2"}}
    job = run_here(playbook, make.localhost(), **options)[0]

    says, hides, shows = job.task_results.all()
    assert says.message == "it is ********"
    assert hides.diff == "" and hides.status == "changed"
    assert "hidden" in hides.message and "no_log" in hides.message
    assert "+key=********" in shows.diff and "@@" in shows.diff
    assert "hunter2" not in str(list(TaskResult.objects.values()))


def test_the_failing_item_is_what_a_loop_says() -> None:
    job = run_one(
        """
- hosts: all
  gather_facts: false
  tasks:
    - name: Loop
      ansible.builtin.fail: {msg: "{{ item }} is broken"}
      loop: [the disk]
"""
    )

    assert job.task_results.get().message == "the disk is broken"


def test_a_failure_in_a_rescue_is_a_failure() -> None:
    job = run_one(
        """
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - name: First
          ansible.builtin.fail: {msg: one}
      rescue:
        - name: Second
          ansible.builtin.fail: {msg: two}
"""
    )

    assert statuses(job) == {"First": "rescued", "Second": "failed"}
    assert job.task_results.counts() == job.counts == recap_of(job)


def test_what_is_too_long_is_cut() -> None:
    job = run_one(
        """
- hosts: all
  gather_facts: false
  tasks: [{ansible.builtin.fail: {msg: "{{ 'x' * 5000 }}"}}]
"""
    )

    message = job.task_results.get().message
    assert len(message) == 1000 and message.endswith("… [cut]")


def test_a_secret_is_masked_before_its_text_is_cut():
    masking = Masking([("token", "hunter2-hunter2")], hosts=["web1"])
    long = "x" * 100 + "hunter2-hunter2" + "y" * 495
    message = result_message({"stderr": long}, masking.text)
    assert "hunter" not in message and message.endswith("y" * 400)


def test_nul_between_its_letters_does_not_hide_a_secret():
    masking = Masking([("token", "hunter2-hunter2")], hosts=["web1"])
    assert "hunter" not in masking.text("\0".join("hunter2-hunter2"))
